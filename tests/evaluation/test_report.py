from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from evaluation.fabricated import answers, guesses, run_table
from rushes.evaluation.judge import judge
from rushes.evaluation.report import CARDS, Evidence, format_report, list_warnings, write_report
from rushes.evaluation.thumbnails import Thumbnail

VOID = {"meta", "input", "img", "br", "wbr", "path", "circle", "polyline", "polygon"}


class Outline(HTMLParser):
    """Checks that tags are closed in order; keeps ids, links and addresses."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.hashes, self.addresses, self.tags = [], set(), set(), [], []

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.append((tag, named))
        if "id" in named:
            assert named["id"] not in self.ids, named["id"]
            self.ids.add(named["id"])
        if named.get("href", "").startswith("#"):
            self.hashes.add(named["href"][1:])
        self.addresses += [named[key] for key in ("src", "href", "data", "action") if key in named]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def outline(page):
    parser = Outline()
    parser.feed(page)
    assert parser.open == []
    return parser


def evidence_of(predictions, **changes):
    return Evidence(
        run=run_table(predictions), test=judge(predictions, train_counts={}), predictions=predictions, **changes
    )


@pytest.fixture
def thumbnail():
    return Thumbnail(b"RIFF....WEBP", 16, 9)


def test_the_page_carries_all_it_shows(thumbnail):
    predictions = guesses(50, class_count=4, seed=0)
    found = outline(format_report(evidence_of(predictions), {0: thumbnail, 1: None}))
    assert all(address.startswith(("#", "data:")) for address in found.addresses)
    assert found.hashes <= found.ids
    assert not {"link", "iframe", "object", "embed"} & {tag for tag, _ in found.tags}


def test_the_page_names_no_address_that_a_browser_could_ask(thumbnail):
    page = format_report(evidence_of(guesses(20, class_count=3, seed=0)), {0: thumbnail})
    assert not re.search(r"https?://|@import|url\(", page)


def test_names_from_outside_cannot_become_markup(thumbnail):
    hostile = ("<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "a$b${c}&amp;")
    predictions = answers(
        [(hostile[0], hostile[1]), (hostile[2], hostile[2])], classes=hostile, groups=["</title><b>", "'\"$x"]
    )
    run = run_table(predictions) | {"task": "</style><script>", "warnings": ["<b onclick=x>"]}
    page = format_report(
        Evidence(run=run, test=judge(predictions, train_counts={}), predictions=predictions, command="<pre>"),
        {0: None, 1: thumbnail},
    )
    found = outline(page)
    assert [tag for tag, _ in found.tags].count("script") == 1
    assert not [tag for tag, named in found.tags if "onerror" in named or "onclick" in named]
    assert "a$b${c}&amp;amp;" in page


@pytest.mark.parametrize("class_count", [2, 13, 40])
def test_the_page_holds_few_and_many_classes(class_count, thumbnail):
    predictions = guesses(300, class_count=class_count, seed=0, skill=2)
    page = format_report(evidence_of(predictions), dict.fromkeys(range(20), thumbnail))
    outline(page)
    assert ('class="matrix' in page) == (class_count <= 30)


def test_a_test_part_without_samples_gives_a_page_that_says_so():
    page = format_report(evidence_of(answers([])), {})
    outline(page)
    assert "No sample was kept for testing" in page
    assert "nan" not in page.lower().replace("nanmean", "")


def test_one_group_gives_a_page_without_an_interval(thumbnail):
    predictions = answers([("CS", "CS"), ("MS", "CS"), ("LS", "LS")] * 5, groups=["ANNIE"] * 15)
    page = format_report(evidence_of(predictions), {0: thumbnail})
    assert "no interval: one group" in page
    assert 'class="span"' not in page


@pytest.mark.parametrize("group_count", range(2, 8))
def test_a_page_of_few_groups_speaks_of_ranges_only(group_count):
    predictions = guesses(300, class_count=3, seed=0, group_count=group_count, skill=3)
    page = format_report(evidence_of(predictions), {})
    words = re.sub(r"<[^>]+>", " ", page)
    said = re.findall(r"[^.;]*95 %[^.;]*", words)
    denials = ("cannot give a 95 % interval", "takes 8 or more", "too few for a 95 %", "too narrow to be a 95 %")
    assert [one for one in said if not any(denial in one for denial in denials)] == []
    assert f"range over {group_count} groups" in words
    assert "whole interval" not in words


def test_a_page_of_many_groups_names_the_interval_and_marks_a_class_of_few():
    pairs = [("CS", "CS"), ("MS", "MS"), ("MS", "CS")] * 10 + [("LS", "LS"), ("LS", "CS"), ("LS", "LS")]
    groups = [f"film-{row // 3}" for row in range(30)] + ["film-0", "film-1", "film-2"]
    page = format_report(evidence_of(answers(pairs, groups=groups)), {})
    assert "<span>95 % interval 0." in page
    classes = page[page.index('id="classes"') :]
    few, many = (re.search(rf'<tr><th scope="row">{name}</th>(.*?)</tr>', classes).group(1) for name in ("LS", "MS"))
    assert "<br>3 groups</small>" in few
    assert "groups</small>" not in many


def leaking(predictions, leaks, *, kind="grouped"):
    run = run_table(predictions, kind=kind) | {"leaks": leaks}
    return Evidence(run=run, test=judge(predictions, train_counts={}), predictions=predictions)


def test_a_leaking_run_is_not_called_unwatched_and_its_first_leaks_are_listed():
    predictions = guesses(300, class_count=3, seed=0, group_count=12, skill=3)
    evidence = leaking(
        predictions, [f"frame {number} in test is the same picture as another in train." for number in range(5)]
    )
    page = format_report(evidence, {})
    assert "groups that it has partly watched in training" in page
    assert "it never watched" not in page
    assert "This model, unseen groups" not in page
    first = list_warnings(evidence)[0]
    assert "flatter by an unknown amount: frame 0 in test is the same picture as another in train; frame 1" in first
    assert "frame 2" in first
    assert "frame 3" not in first
    assert "and 2 more. " in first


@pytest.mark.parametrize("leaks", [[], None])
def test_a_run_without_known_leaks_has_no_warning_of_them(leaks):
    predictions = guesses(300, class_count=3, seed=0, group_count=12, skill=3)
    assert "it never watched" in format_report(leaking(predictions, leaks), {})
    assert not any("seen part" in warning for warning in list_warnings(leaking(predictions, leaks)))


def test_groups_of_one_sample_each_are_not_listed_one_by_one(thumbnail):
    predictions = answers([("CS", "CS"), ("MS", "CS")], groups=["a", "b"])
    assert "Each of the 2 groups holds one sample" in format_report(evidence_of(predictions), {0: thumbnail})


def test_an_undefined_score_is_shown_as_undefined_and_never_as_zero():
    page = format_report(evidence_of(answers([("CS", "CS"), ("MS", "CS")] * 3)), {})
    assert "no sample is labelled &#x27;LS&#x27;" in page
    row = re.search(r'<tr><th scope="row">LS</th><td>0</td>(.*?)</tr>', page).group(1)
    assert row.count('class="undefined"') == 5


def test_the_gallery_can_be_filtered_to_every_class_and_kind_without_a_script(thumbnail):
    predictions = answers([("CS", "MS"), ("MS", "MS")])
    page = format_report(evidence_of(predictions), {0: thumbnail, 1: thumbnail})
    found = outline(page)
    chosen = {f"class-{key}" for key in ("all", "0", "1", "2")} | {
        f"kind-{key}" for key in ("all", "tp", "tn", "fp", "fn")
    }
    assert chosen <= found.ids
    cards = [named["class"] for tag, named in found.tags if tag == "figure" and "card" in named.get("class", "")]
    assert cards == ["card wrong t0 p1", "card right t1 p1"]
    for rule in (":has(#class-1:checked):has(#kind-fp:checked) .card:not(.p1.wrong)",
                 ":has(#class-0:checked):has(#kind-fn:checked) .card:not(.t0.wrong)"):  # fmt: skip
        assert rule in page


def test_heads_that_were_tried_are_shown_in_place_of_epochs():
    trials = [
        {"regularisation": c, "train_loss": 0.1, "validation_loss": 0.2, "f1_macro": 0.5, "balanced_accuracy": 0.5,
         "chosen": c == 1.0}
        for c in (0.1, 1.0)
    ]  # fmt: skip
    page = format_report(evidence_of(guesses(20, class_count=3, seed=0), history=trials), {})
    assert "C = 0.1" in page
    assert re.search(r'class="chosen"><th scope="row">C = 1<small>kept', page)


def test_numbers_of_neighbours_that_were_tried_are_shown_in_place_of_epochs():
    trials = [
        {"neighbours": count, "temperature": 0.1, "train_loss": 0.1, "validation_loss": 0.2, "f1_macro": 0.5,
         "balanced_accuracy": 0.5, "chosen": count == 5}
        for count in (5, 1)
    ]  # fmt: skip
    page = format_report(evidence_of(guesses(20, class_count=3, seed=0), history=trials), {})
    assert "1 neighbour<" in page
    assert re.search(r'class="chosen"><th scope="row">5 neighbours<small>kept', page)


def test_epochs_are_drawn_and_records_without_a_number_are_passed_over():
    history = [
        {"epoch": 0, "train_loss": None, "validation_loss": 2.0, "f1_macro": 0.1, "balanced_accuracy": 0.1},
        {"epoch": 1, "train_loss": 1.0, "validation_loss": float("nan"), "f1_macro": 0.4, "balanced_accuracy": 0.4},
        {"epoch": 2, "train_loss": 0.5, "validation_loss": 1.0, "f1_macro": 0.5, "balanced_accuracy": 0.6},
    ]
    page = format_report(evidence_of(guesses(20, class_count=3, seed=0), history=history), {})
    assert page.count("kept: 2") == 2
    outline(page)


def test_warnings_of_judgement_run_and_comparison_are_listed_once_each():
    predictions = answers([("CS", "CS")] * 3, groups=["a"] * 3)
    test = judge(predictions, train_counts={})
    run = run_table(predictions) | {"warnings": [test.notes[0], "of the run"]}
    listed = list_warnings(Evidence(run=run, test=test, predictions=predictions, warnings=("of the comparison",)))
    assert listed == (*test.notes, "of the run", "of the comparison")


def test_real_pictures_keep_the_page_below_three_megabytes(tmp_path, media):
    pictures = sorted((media / "images" / "flowers").rglob("*.jpg"))
    if not pictures:
        pytest.skip("no flowers among the real footage")
    (tmp_path / "frames").mkdir()
    for row in range(CARDS):
        (tmp_path / "frames" / f"{row}.jpg").symlink_to(pictures[row % len(pictures)])
    predictions = guesses(CARDS, class_count=9, seed=0, group_count=12)
    write_report(tmp_path / "report.html", evidence_of(predictions), project_root=tmp_path)
    assert 100_000 < (tmp_path / "report.html").stat().st_size < 3_000_000


def test_the_page_says_what_is_meant_by_without_a_look_beside_its_first_numbers():
    page = format_report(evidence_of(answers([("CS", "CS"), ("MS", "CS")])), {})
    assert page.index("without a look:") < page.index("<b>Without a look</b>, or blind,") < page.index('id="beware"')
