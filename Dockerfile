# Three images. `serve` predicts: the API and the page, without torch. `full` does all that rushes does on one machine.
# `node` is a machine of a cluster, and the one that gives it work.
#
#     docker build --target serve -t rushes:serve .
#     docker build --target full -t rushes:full .
#     docker build --target node -t rushes:node .
#
# The base is named by its exact version. To hold it to a digest too, build with
# --build-arg PYTHON_IMAGE=python:3.11.14-slim-bookworm@sha256:…
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm


# The wheel of rushes, laid out as the virtual environment takes it.
FROM ${PYTHON_IMAGE} AS wheel
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
RUN ["python", "-m", "venv", "--without-pip", "/opt/rushes"]
COPY requirements/wheel.txt requirements/
RUN ["python", "-m", "pip", "install", "--no-compile", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", "requirements/wheel.txt"]
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN ["python", "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
RUN ["python", "-m", "pip", "--python", "/opt/rushes/bin/python", "install", "--no-compile", "--no-deps", "--no-index", "--find-links", "dist", "--prefix", "/laid-out", "rushes"]
RUN ["python", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/laid-out"]


# What serving needs: the base install and the extra `app`, each file checked against the lock.
FROM ${PYTHON_IMAGE} AS serve-packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
RUN ["python", "-m", "venv", "--without-pip", "/opt/rushes"]
COPY requirements/serve.txt requirements/
RUN ["python", "-m", "pip", "--python", "/opt/rushes/bin/python", "install", "--no-compile", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", "requirements/serve.txt"]
RUN ["python", "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "/opt/rushes"]


# What both images have: a user without rights, and how they are started and looked after.
FROM ${PYTHON_IMAGE} AS ground
LABEL org.opencontainers.image.title="rushes" \
      org.opencontainers.image.description="A tested, explained and served classifier of frames and shots" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="0.1.0"
# HOME is where a read-only root lets a program write. What is there ends with the container.
ENV PATH=/opt/rushes/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
RUN ["/usr/sbin/useradd", "--uid", "10001", "--user-group", "--no-create-home", "--home-dir", "/tmp", "--shell", "/usr/sbin/nologin", "rushes"]
# Where uploads under way may lie instead of in /tmp; a volume takes its owner from here.
RUN ["/usr/bin/install", "-d", "-o", "10001", "-g", "10001", "-m", "0700", "/var/spool/rushes"]
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["rushes"]


FROM ground AS serve
COPY --from=serve-packages /opt/rushes /opt/rushes
COPY --from=wheel /laid-out /opt/rushes
USER 10001:10001
WORKDIR /tmp
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client; asked = http.client.HTTPConnection('127.0.0.1', 8000, timeout=4); asked.request('GET', '/health/live'); raise SystemExit(asked.getresponse().status != 200)"]
CMD ["serve", "/bundle", "--host", "0.0.0.0", "--port", "8000"]


# What everything needs: training with torch, buckets and sheets too.
FROM ${PYTHON_IMAGE} AS full-packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
RUN ["python", "-m", "venv", "--without-pip", "/opt/rushes"]
COPY requirements/full.txt requirements/
RUN ["python", "-m", "pip", "--python", "/opt/rushes/bin/python", "install", "--no-compile", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", "requirements/full.txt"]
# Tests of torch's own, some of them in the syntax of a newer Python, are left as they are.
RUN ["python", "-m", "compileall", "-q", "-j", "0", "-x", "/torch/testing/_internal/", "--invalidation-mode", "unchecked-hash", "/opt/rushes"]


FROM ground AS full
COPY --from=full-packages /opt/rushes /opt/rushes
COPY --from=wheel /laid-out /opt/rushes
USER 10001:10001
WORKDIR /project
HEALTHCHECK NONE
CMD ["--help"]


# What a cluster needs: what does the work, a catalog that a team shares, and Ray.
FROM ${PYTHON_IMAGE} AS node-packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
WORKDIR /build
RUN ["python", "-m", "venv", "--without-pip", "/opt/rushes"]
COPY requirements/node.txt requirements/
RUN ["python", "-m", "pip", "--python", "/opt/rushes/bin/python", "install", "--no-compile", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", "requirements/node.txt"]
RUN ["python", "-m", "compileall", "-q", "-j", "0", "-x", "/torch/testing/_internal/", "--invalidation-mode", "unchecked-hash", "/opt/rushes"]


FROM ground AS node
# Ray tells nobody that it is used, and serves no page.
ENV RAY_USAGE_STATS_ENABLED=0
COPY --from=node-packages /opt/rushes /opt/rushes
COPY --from=wheel /laid-out /opt/rushes
USER 10001:10001
WORKDIR /project
HEALTHCHECK NONE
CMD ["--help"]


# Last, so that a build that names no target makes the small one.
FROM serve AS usual
