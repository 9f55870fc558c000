"""Every colour of the palette can be read on each background it stands on, light and dark.

WCAG 2.2, 1.4.3: 4.5 to 1 for text; 1.4.11: 3 to 1 for lines and the focus ring.
"""

import re

import pytest

BACKGROUNDS = ("--md-default-bg-color", "--md-code-bg-color", "--rm-hover")
TEXT = (
    "--rm-text", "--rm-secondary", "--rm-code", "--rm-enhanced", "--rm-key", "--rm-name",
    "--rm-value", "--rm-octet", "--rm-comment", "--rm-error", "--md-typeset-a-color",
    "--md-default-fg-color",
    "--md-default-fg-color--light", "--md-code-fg-color", "--md-code-hl-comment-color",
    "--md-code-hl-number-color", "--md-code-hl-string-color", "--md-code-hl-keyword-color",
    "--md-code-hl-constant-color", "--md-code-hl-function-color", "--md-code-hl-special-color",
    "--md-code-hl-name-color", "--md-code-hl-operator-color", "--md-code-hl-punctuation-color",
    "--md-code-hl-generic-color", "--md-code-hl-variable-color", "--railroad-terminal",
    "--railroad-rule",
)  # fmt: skip
LINES = ("--railroad-rail", "--rm-focus")
SCHEMES = ("default", "slate")


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(scope="module")
def palettes(site_folder) -> dict[str, dict[str, str]]:
    """The variables of each scheme, from the style sheet itself."""
    css = (site_folder / "assets" / "site.css").read_text("utf-8")
    return {
        scheme: dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6});", block))
        for scheme, block in re.findall(
            r'^\[data-md-color-scheme="(\w+)"\] \{(.*?)^\}', css, re.M | re.S
        )
    }


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_has_a_contrast_of_at_least_four_and_a_half(palettes, scheme):
    palette = palettes[scheme]
    poor = {
        (text, ground): round(contrast(palette[text], palette[ground]), 2)
        for text in TEXT
        for ground in BACKGROUNDS
        if contrast(palette[text], palette[ground]) < 4.5
    }
    assert poor == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_lines_and_the_focus_ring_have_a_contrast_of_at_least_three(palettes, scheme):
    palette = palettes[scheme]
    assert all(contrast(palette[line], palette[g]) >= 3 for line in LINES for g in BACKGROUNDS)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_header_can_be_read(palettes, scheme):
    palette = palettes[scheme]
    assert contrast(palette["--md-primary-bg-color"], palette["--md-primary-fg-color"]) >= 4.5
    assert (
        contrast(palette["--md-footer-fg-color--lighter"], palette["--md-footer-bg-color"]) >= 4.5
    )


def test_a_pale_grey_would_be_found():
    assert contrast("#717171", "#f5f5f5") < 4.5
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
