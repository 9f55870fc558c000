"""Diagrams for RFC XML: what RFC 7996 allows and nothing else, with a twin of 69 ASCII columns."""

import io
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from lxml import etree
from svgcheck import checksvg, log

from abnf_compiler.__main__ import main
from abnf_compiler.emit.railroad_artset import railroad_artset
from abnf_compiler.emit.railroad_svg import railroad_svg
from abnf_compiler.grammar import load_resolved

SVG = "{http://www.w3.org/2000/svg}"
DRAFT = """\
<?xml version="1.0" encoding="utf-8"?>
<rfc xmlns:xi="http://www.w3.org/2001/XInclude" version="3" ipr="trust200902" category="info"
     docName="draft-test-diagram-00" submissionType="IETF">
<front><title>Test</title><seriesInfo name="Internet-Draft" value="draft-test-diagram-00"/>
<author fullname="A. Author" surname="Author"><organization/></author>
<date year="2026" month="11" day="1"/></front>
<middle><section><name>Diagram</name>
{}</section></middle></rfc>
"""


@pytest.fixture(scope="module")
def grammar(project):
    return load_resolved(project / "grammar/reply-metadata.abnf")


def complaints(svg, monkeypatch):
    monkeypatch.setattr(log, "write_err", io.StringIO())
    tree = etree.ElementTree(etree.fromstring(svg.encode(), base_url="diagram.svg"))
    good = checksvg.checkTree(tree)
    return log.write_err.getvalue() or ("" if good else "not conforming")


def test_svgcheck_finds_no_fault_in_a_diagram_for_an_rfc(grammar, monkeypatch) -> None:
    for rule in grammar.rules.values():
        for link in ("", "#rule"):
            svg = railroad_svg(grammar, rule.key, link=lambda key, to=link: to, profile="rfc")
            assert complaints(svg, monkeypatch) == "", rule.name


def test_svgcheck_finds_the_faults_of_a_diagram_for_a_page(grammar, monkeypatch) -> None:
    svg = railroad_svg(grammar, "metadata-group", link=lambda key: "#x")
    assert "aria-labelledby" in complaints(svg, monkeypatch)


def test_both_profiles_draw_the_same_lines_and_words(grammar) -> None:
    for key in grammar.rules:
        page, printed = (
            ElementTree.fromstring(railroad_svg(grammar, key, link=lambda key: "", profile=each))
            for each in ("page", "rfc")
        )
        for tag in ("path", "rect", "text"):
            places = [
                [
                    (each.get("d"), each.get("x"), each.get("y"), each.text)
                    for each in svg.iter(SVG + tag)
                ]
                for svg in (page, printed)
            ]
            assert places[0] == places[1]
        assert printed.findtext(f"{SVG}title") == grammar.rules[key].name
        assert printed.findtext(f"{SVG}desc")


def test_the_artset_has_the_picture_and_its_twin(grammar) -> None:
    for key in grammar.rules:
        artset = ElementTree.fromstring(railroad_artset(grammar, key, link=lambda key: ""))
        svg, text = artset.findall("artwork")
        assert (svg.get("type"), text.get("type")) == ("svg", "ascii-art")
        assert svg.find(f"{SVG}svg") is not None
        assert text.text.isascii()
        assert max(map(len, text.text.splitlines())) <= 69


def test_xml2rfc_takes_the_artset_and_prints_the_twin(project, tmp_path, capsys) -> None:
    source = str(project / "grammar/reply-metadata.abnf")
    assert main(["railroad", "--artset", source, "metadata-group"]) == 0
    (tmp_path / "draft.xml").write_text(DRAFT.format(capsys.readouterr().out))
    done = subprocess.run(
        [sys.executable, "-m", "xml2rfc.run", "-N", "--text", "--html", "draft.xml"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Error" not in done.stderr
    assert '|- "[" - metadata-key -' in (tmp_path / "draft.txt").read_text("utf-8")
    assert "<svg" in (tmp_path / "draft.html").read_text("utf-8")


@pytest.mark.parametrize("form", [["--rfc", "--text"], ["--rfc", "--artset"]])
def test_one_form_is_asked_for_at_a_time(project, form, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["railroad", *form, str(project / "grammar/reply-metadata.abnf"), "metadata-group"])
    assert "not allowed with" in capsys.readouterr().err


def test_links_in_an_rfc_are_those_asked_for(project, capsys) -> None:
    source = str(project / "grammar/reply-metadata.abnf")
    assert main(["railroad", "--rfc", source, "metadata-group"]) == 0
    assert "href" not in capsys.readouterr().out
    assert main(["railroad", "--rfc", "--link", "#r-{rule}", source, "metadata-group"]) == 0
    assert 'href="#r-metadata-key"' in capsys.readouterr().out
