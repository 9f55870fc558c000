"""One page for each key, and the table of keys; Draft: #keys.

Rule: facts come from the key table, syntax from the grammar, and every verdict and every output on
the page from the installed parser, at the moment the page is made.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

from abnf_compiler.tree import ResolvedGrammar
from reply_metadata import GroupStatus, parse_reply
from site_assembly.grammar_text import diagram, linked_abnf
from site_assembly.reply_figures import ReplyContext, labelled_reply, reply_html
from site_assembly.tables import KeyEntry, KeyExamples


class KeyPageError(ValueError):
    """The tables and the parser disagree; the text says on what."""


@dataclass(frozen=True, slots=True)
class KeyPageInput:
    """What one key page is made from; `draft_link` is the address of the key in the draft."""

    grammar: ResolvedGrammar
    key: KeyEntry
    examples: KeyExamples
    draft_link: str

    @property
    def context(self) -> ReplyContext:
        """What the client of the key's examples knows."""
        return ReplyContext(command=self.examples.command, lmtp=self.examples.lmtp)


def run_snippet(source: str) -> str:
    """What a Python snippet prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "<snippet>", "exec"), {"__name__": "__page__"})
    return printed.getvalue()


def _variable(typed: str) -> str:
    """The name a value of this class gets in the snippet: RetryAfter is retry_after."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", typed).lower()


def snippet(page: KeyPageInput) -> str:
    """The Python that reads the key's sample reply."""
    key, examples = page.key, page.examples
    lmtp = ", lmtp=True" if examples.lmtp else ""
    variable = _variable(examples.typed)
    return (
        f"from reply_metadata import {examples.typed}, parse_reply\n\n"
        f'data = b"{key.sample}\\r\\n"\n'
        f'reply = parse_reply(data, negotiated=True, command="{examples.command}"{lmtp})\n'
        f"{variable} = reply.metadata.get({examples.typed})\n"
        f"if {variable} is not None:\n"
        f"    print({examples.show})\n"
    )


def _facts(page: KeyPageInput) -> str:
    key = page.key
    trust = {
        "any": "any: it may come from and go to every host",
        "trusted": "trusted: only between hosts that trust each other",
    }
    rows = [
        ("Replies", key.replies()),
        ("Arguments", f"[{key.arguments}](../grammar/{key.arguments}.md)"),
        ("Decoded values", ", ".join(f"[{r}](../grammar/{r}.md)" for r in key.value_rules())),
        ("In one reply", "any number of times" if key.repeatable else "once"),
        ("Hop", trust[key.hop]),
        ("In the draft", f"[the section on {key.name}]({page.draft_link})"),
    ]
    return "| fact | value |\n|---|---|\n" + "".join(f"| {a} | {b} |\n" for a, b in rows)


def _status_of(reply: str, page: KeyPageInput) -> str:
    """The parser's verdict on the group of `reply`; an error when the group is used."""
    context = page.context
    parsed = parse_reply(
        f"{reply}\r\n".encode(),
        negotiated=True,
        command=context.command,
        lmtp=context.lmtp,
    )
    statuses = {group.status for group in parsed.metadata if group.key == page.key.name}
    if not statuses or GroupStatus.USED in statuses:
        raise KeyPageError(f"{page.key.name}: the group of {reply!r} was to be ignored")
    return ", ".join(sorted(status.value for status in statuses))


def _ignored(page: KeyPageInput) -> str:
    rows = "".join(
        f"<tr><td>{reply_html(reply, page.context)}</td>"
        f"<td><code>{_status_of(reply, page)}</code></td><td>{why}</td></tr>\n"
        for reply, why in page.examples.ignored
    )
    return (
        "<table>\n<thead><tr><th>reply</th><th>status</th><th>why</th></tr></thead>\n"
        f"<tbody>\n{rows}</tbody>\n</table>"
    )


def key_page(page: KeyPageInput) -> str:
    """The page of one key as Markdown."""
    key, examples = page.key, page.examples
    source = snippet(page)
    printed = run_snippet(source)
    if not printed:
        raise KeyPageError(f"{key.name}: the parser does not use the group of the sample reply")
    decoded = linked_abnf(page.grammar, *key.value_rules())
    code, text = key.sample.split(" ", 1)
    return f"""\
---
description: "{key.name}: {examples.summary}"
search: {{boost: 2}}
---
# {key.name}

{examples.summary}
{{ .lead }}

{labelled_reply(key.sample, page.context)}

{_facts(page)}
## Meaning {{ #meaning }}

{key.meaning}

**The client.** {key.client}

**The server.** {key.server}

**An old client** reads {code} and, if it shows words, `{text}`.

## Syntax {{ #syntax }}

As sent, after the key:

{linked_abnf(page.grammar, key.arguments)}

{diagram(page.grammar, key.arguments)}

Decoded, value by value:

{decoded}

## Security {{ #security }}

{key.security}

## In Python {{ #python }}

```python
{source.rstrip()}
```

```text title="Output"
{printed.rstrip()}
```

## What is ignored, and why {{ #ignored }}

A group that is not used is no error: the reply keeps its meaning and the session goes on.
The status is what `replymeta parse` prints for the group.

{_ignored(page)}
"""


def key_table(keys: tuple[KeyEntry, ...], examples: Mapping[str, KeyExamples], to: str) -> str:
    """The table of all keys; `to` is the way from the page to the folder of key pages."""
    rows = (
        f"| [{key.name}]({to}{key.page}) | {examples[key.name].summary} "
        f"| {key.replies()} | {key.hop} |"
        for key in keys
    )
    return "| key | says | in | hop |\n|---|---|---|---|\n" + "\n".join(rows)
