"""What people call a thing that process folders hold and use: a form, a table, a letter, a process, a group."""

from engine.bpmn.references import GROUP, LETTER
from engine.queries.usages import Named
from web.element_words import group_in_words
from web.format import word
from web.i18n import has, pick


def called(thing: Named) -> str:
    """In the reader's language where it is known in both; "" for a bare code."""
    if thing.kind == LETTER and has(f"letter_kind.{thing.name}"):
        return word("letter_kind", thing.name)
    if thing.kind == GROUP and "@" in thing.name:
        return group_in_words(thing.name)
    return pick(thing.title, thing.title_en)
