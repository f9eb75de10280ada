"""What tells one film from another: its title, colours, light, weather, grain, shape and people's clothes."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from rushes.datasets.synthetic.paint import Color, rgb

_FILM = Fraction(24000, 1001)
_NTSC = Fraction(30000, 1001)


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one film's places, in order from the sky down to the floor."""

    sky: tuple[Color, ...]  # from the top to the horizon
    sun: Color
    far: Color
    near: Color
    ground: tuple[Color, ...]  # from the horizon to the camera
    walls: tuple[Color, Color]  # above and below the rail
    floor: Color
    wood: Color
    accents: tuple[Color, ...]
    plant: Color
    window: Color  # light in windows


@dataclass(frozen=True, slots=True)
class Look:
    """How one film looks.

    Attributes:
        places: names of places, see `places.PLACES`.
        outside, inside: colour of the light on people there.
        clothes: colours that its people wear.
        outfits, hats: kinds of clothes, as `figures.Person` names them.
        aspect: width to height of the picture inside the frame; None fills the frame.
        grain: strength of the grain, in levels of 255.
        contrast: of the print, 1 is neutral.
        light_from: -1 left, 1 right.
        weather: what falls or floats in the open air, "" for nothing.
    """

    title: str
    line: str
    rate: Fraction
    places: tuple[str, ...]
    palette: Palette
    outside: Color
    inside: Color
    clothes: tuple[Color, ...]
    outfits: tuple[str, ...]
    hats: tuple[str, ...] = ("",)
    aspect: Fraction | None = None
    monochrome: bool = False
    grain: float = 2.0
    contrast: float = 1.0
    vignette: float = 0.25
    light_from: int = -1
    weather: str = ""
    night: bool = False
    moves: tuple[str, ...] = field(default=("static", "static", "pan", "push", "pull", "handheld"))


def _many(text: str) -> tuple[Color, ...]:
    return tuple(rgb(word) for word in text.split())


def _palette(
    sky: str,
    sun: str,
    far: str,
    near: str,
    ground: str,
    walls: str,
    floor: str,
    wood: str,
    accents: str,
    plant: str,
    window: str,
) -> Palette:
    upper, lower = _many(walls)
    return Palette(_many(sky), rgb(sun), rgb(far), rgb(near), _many(ground), (upper, lower), rgb(floor), rgb(wood),
                   _many(accents), rgb(plant), rgb(window))  # fmt: skip


LOOKS: tuple[Look, ...] = (
    Look(
        "The Lighthouse Supper", "a story told at low tide", Fraction(24), ("harbour", "kitchen", "harbour"),
        _palette("#3f6f8f #8fb0a8 #f2c48a #f7a76a", "#fff0c0", "#5f7f8a", "#3d5566", "#3f8090 #2c6476 #c9a878 #a8855c",
                 "#e9dcc0 #7fa6a0", "#b98556", "#8a5a3a", "#d9573f #f0b24a #2f6f7f #f4ead2", "#5f8f5a", "#ffe0a0"),
        rgb("#ffe6cc"), rgb("#fff0de"), _many("#c8553d #2f5d73 #e0a43c #6b8f71 #f0e2c4 #7a4a3a"),
        ("sweater", "overall", "coat", "tee", "dress"), ("", "beanie", "cap"), grain=1.9, vignette=0.25, light_from=1,
    ),
    Look(
        "Neon Arcade", "one more coin before sunrise", _FILM, ("city", "bar", "city"),
        _palette("#0d0b2b #241452 #5a1f6e #c23a7a", "#ff9ad0", "#2a1a5a", "#17103a", "#2a1f5c #33246a #1c1548",
                 "#2a1c58 #1c1240", "#241638", "#3c2456", "#ff3d8b #29e0e8 #ffd23f #8a5cff", "#1f6a6a", "#ffd86a"),
        rgb("#b8a0ff"), rgb("#f0b0f0"), _many("#e23e8c #2cc4d6 #f2c53d #5a48c8 #ece6ff #20204a"),
        ("tee", "uniform", "shirt", "coat", "dress"), ("", "", "cap"),
        grain=3.1, contrast=1.06, vignette=0.30, night=True,
    ),
    Look(
        "Thaw", "the last week of winter", Fraction(25), ("mountains", "lounge", "mountains"),
        _palette("#8fb6d6 #b9d3e6 #e6eef4", "#ffffff", "#a8c0d6", "#6f8ba8", "#eef4f8 #dce8f0 #c6d8e6",
                 "#c79a6b #9a6d45", "#7d5638", "#6a4429", "#c8402f #3f6f8f #f0d9a0 #496b52", "#3f5f55", "#ffe6b0"),
        rgb("#eef4ff"), rgb("#ffe8cc"), _many("#c23b34 #2f5f86 #e8b23a #3f6b55 #efe6da #6a4a7a"),
        ("coat", "sweater", "sweater", "uniform"), ("beanie", "beanie", ""),
        grain=1.2, contrast=0.94, vignette=0.15, weather="snow",
    ),
    Look(
        "The Second Umbrella", "she only brought one", Fraction(24), ("city", "office", "city"),
        _palette("#20242c #3a4048 #70767e", "#e8e8e8", "#4a5058", "#24282e", "#565a62 #42464e #2a2c32",
                 "#8a8e92 #54585e", "#3a3634", "#3c302a", "#d0d0d0 #5a5a5a #a0a0a0 #f0f0f0", "#4a524a", "#fff4d0"),
        rgb("#eceef2"), rgb("#faf6ee"), _many("#3c3c42 #86868c #dcdcdc #55555c #b0b0b4 #2c2c32"),
        ("suit", "coat", "coat", "dress", "shirt"), ("fedora", "", "beret"), monochrome=True,
        grain=4.0, contrast=1.14, vignette=0.36,
        light_from=1, weather="rain", night=True,
    ),
    Look(
        "Dust and Copper", "the well is dry in Santa Rita", Fraction(24), ("desert", "bar", "desert"),
        _palette("#3f8fa0 #8fc4bc #f0dfb0", "#fff6d8", "#c98a5c", "#a35f3c", "#e0a868 #cf9050 #b8743c",
                 "#c79a62 #7d4f30", "#6f4a30", "#5c3822", "#b8432c #3f8a8a #e8c070 #f4e6c4", "#6f8a4a", "#ffdf9a"),
        rgb("#fff0d0"), rgb("#ffdcae"), _many("#a8452f #3f6a78 #d9a860 #6a4a34 #ecdcb8 #7d6a3a"),
        ("shirt", "overall", "coat", "shirt", "dress"), ("cowboy", "cowboy", ""), aspect=Fraction(239, 100),
        grain=2.8, contrast=1.08,
        vignette=0.30,
    ),
    Look(
        "Leaf Mould", "what the forester would not say", Fraction(25), ("forest", "lounge", "forest"),
        _palette("#d8dcae #e8d9a0 #f2d48a", "#fff2c0", "#a8a468", "#5f5a38", "#a8803c #8f6230 #6f4824",
                 "#56683f #6e4c30", "#54381f", "#4c3020", "#c8622a #e8a83a #8f2f24 #d9c27a", "#8a7a2f", "#ffe0a0"),
        rgb("#ffeccc"), rgb("#ffe4c0"), _many("#a8522a #5a6a34 #d0a23a #6f3f2a #e6d8b0 #3f4f48"),
        ("coat", "sweater", "shirt", "overall"), ("", "beret", "beanie"),
        grain=2.2, contrast=1.04, vignette=0.35, light_from=1,
        weather="leaves",
    ),
    Look(
        "Hotel Marzipan", "room service, always", _NTSC, ("promenade", "lobby", "promenade"),
        _palette("#a8dce0 #cfeae2 #fbe6dc", "#fffbe8", "#f2b8b8", "#f0a8a0", "#9fd6d2 #86c4c6 #f2ddc0 #e8cba8",
                 "#f4b9b8 #f0e0cc", "#d98a80", "#b86a5c", "#e2566c #7fc4b8 #f6c75a #8a6fb0", "#6fb08a", "#fff4cc"),
        rgb("#fff8f2"), rgb("#fff4ee"), _many("#d94f6a #5fb0a8 #f0b84a #7d6aa8 #faf0e4 #c87a5a"),
        ("suit", "dress", "uniform", "sweater", "dress"), ("", "beret", "cap"), grain=0.9, contrast=0.92, vignette=0.10,
        moves=("static", "static", "static", "pan", "push", "pull"),
    ),
    Look(
        "Orbit of Ada", "four hundred days to Ceres", _FILM, ("planet", "ship", "ship"),
        _palette("#0a1020 #2a2038 #7a3a34 #d0764a", "#ffe8c8", "#8a4030", "#5c2a24", "#b05a38 #8a4028 #5c2a20",
                 "#c8d4d8 #5a6f7a", "#3f4f5a", "#2f3f4c", "#ff8a3a #3fd0d8 #f4f0e4 #e24a4a", "#3fa88a", "#9ff0ff"),
        rgb("#ffd8c0"), rgb("#d8f0ff"), _many("#e8743a #2f8a98 #eef2f2 #34506a #e0b84a #8a9aa0"),
        ("uniform", "uniform", "tee", "sweater"), grain=1.6, contrast=1.10, vignette=0.35, weather="dust",
    ),
    Look(
        "Field Day", "nobody expected the goat", _NTSC, ("fields", "kitchen", "fields"),
        _palette("#4f9fe0 #8fc8ee #d6eef6", "#ffffe0", "#7fb86a", "#5a9a4a", "#8fc85a #78b448 #5f9a3a",
                 "#f6e8b0 #8fb8d0", "#c8935a", "#a86a3c", "#e2452f #f4c83a #3f7fc4 #ffffff", "#4f9a3f", "#fff6d0"),
        rgb("#ffffff"), rgb("#fffaf0"), _many("#e04a3a #3f78c0 #f2c03a #4f9a58 #fdf6e6 #a86ac0"),
        ("overall", "tee", "shirt", "dress", "overall"), ("", "cap", "cowboy"), grain=0.9, contrast=1.02, vignette=0.12,
        moves=("static", "pan", "handheld", "handheld", "push", "pull"),
    ),
    Look(
        "Palms at Eight", "the band plays till the tide", Fraction(25), ("palms", "bar", "palms"),
        _palette("#2a2f6a #7a3f8a #e0607a #ffa86a", "#fff0b8", "#5a3a7a", "#3a2458", "#b8506a #7a3a6a #e0906a #a85c58",
                 "#1f6a6f #14464f", "#5c2f3a", "#7d4634", "#ff6f61 #ffc24a #2fb8a8 #f4e2d0", "#1f6a5a", "#ffd890"),
        rgb("#ffc8c0"), rgb("#ffe0c8"), _many("#e8584f #1f8a88 #f4b03f #6a3f88 #fae6d4 #2f4a7a"),
        ("shirt", "dress", "tee", "suit"), ("", "", "fedora"), grain=1.9, contrast=1.05, vignette=0.30, light_from=1,
    ),
)  # fmt: skip
