"""Makes a letter out of a template, the facts of a case and the fields of the head. Refuses to know how it will look.

A template yields a small fragment: one `title` (broken by `<br/>` if need be), then `p`, `h2`, `h3`, `ol` with `li`,
`table` (`wide="true"` turns its pages) with `caption` and rows, `grid` for a form (`widths` in characters; cells with
`columns` and `lines`), `attendance` with a `caption` and names in `li`, and any number of `attachment`s with a `title`
of their own. Headings and items are numbered here (一、 （一） 1.), so that a part left out leaves no gap.
"""

from collections.abc import Mapping, Sequence
from datetime import date as Date
from typing import Any

from engine.domain.letter import DOCUMENT, KINDS, MINUTES, ORDER, Letter
from engine.errors import Invalid
from forms.letters.fragment import read_fragment
from forms.letters.template import expand


def compose(
    template: str,
    variables: Mapping[str, Any],
    *,
    kind: str,
    mark: str,
    number: str,
    addressees: Sequence[str],
    signatory: str,
    date: Date,
    layout: str | None = None,
    contact: str = "",
    copies_to: Sequence[str] = (),
    printed_by: str = "",
    urgency: str = "",
    copy_number: str = "",
    secrecy: str = "",
    is_sample: bool = True,
    verify_url: str = "",
    signer: str = "",
    corrects: str = "",
    name: str = "",
) -> Letter:
    """The letter that the template makes of these variables (see `template.VARIABLES`).

    `name` is what problems call the template, `<kind>.html.j2` if not given; `layout` is the kind's own if not given.
    Raises Invalid with every problem found, each with template and line.
    """
    shown = name or f"{kind}.html.j2"
    if kind not in KINDS:
        raise Invalid("letter_kind_unknown", f"There is no letter kind {kind!r}.", kind=kind)
    read = read_fragment(expand(template, variables, name=shown), name=shown)
    return Letter(
        kind=kind,
        layout=layout or KINDS[kind].layout,
        mark=mark,
        number=number,
        title=read.title,
        addressees=tuple(addressees),
        body=tuple(read.blocks),
        attachments=tuple(read.attachments),
        attendance=tuple(read.attendance),
        signatory=signatory,
        date=date,
        contact=contact,
        copies_to=tuple(copies_to),
        printed_by=printed_by,
        urgency=urgency,
        copy_number=copy_number,
        secrecy=secrecy,
        is_sample=is_sample,
        verify_url=verify_url,
        signer=signer,
        corrects=corrects,
    )


def compose_for(
    kind: str,
    template_text: str,
    variables: Mapping[str, Any],
    *,
    number: str,
    date: Date,
    addressees: Sequence[str] | None = None,
    layout: str | None = None,
    copies_to: Sequence[str] = (),
    urgency: str = "",
    copy_number: str = "",
    secrecy: str = "",
    is_sample: bool = True,
    verify_url: str = "",
    name: str = "",
) -> Letter:
    """`compose` with the head taken from the variables: the issuer signs and prints; the unit is addressed.

    A circular or a referral speaks about the unit to others: name those in `addressees`. A kind that is not addressed
    (minutes, forms, public notices) has none, whoever is named. An order is signed by `signer` of the variables; a
    letter that corrects another takes the other's number from `corrects`.
    """
    if kind not in KINDS:
        raise Invalid("letter_kind_unknown", f"There is no letter kind {kind!r}.", kind=kind)
    issuer = str(variables.get("issuer") or "")
    unit = str((variables.get("unit") or {}).get("name") or "")
    chosen = layout or KINDS[kind].layout
    is_addressed = KINDS[kind].is_addressed
    named = tuple(filter(None, [unit])) if addressees is None else tuple(addressees)
    return compose(
        template_text,
        variables,
        kind=kind,
        layout=chosen,
        mark=_mark(kind, chosen, issuer, variables),
        number=number,
        addressees=named if is_addressed else (),
        signatory=issuer,
        date=date,
        contact=str(variables.get("contact") or "") if is_addressed else "",
        copies_to=copies_to,
        printed_by=issuer if chosen in (DOCUMENT, MINUTES) else "",
        urgency=urgency,
        copy_number=copy_number,
        secrecy=secrecy,
        is_sample=is_sample,
        verify_url=verify_url,
        signer=str(variables.get("signer") or "") if chosen == ORDER else "",
        corrects=str((variables.get("corrects") or {}).get("number") or ""),
        name=name,
    )


def _mark(kind: str, layout: str, issuer: str, variables: Mapping[str, Any]) -> str:
    """The issuer with 文件, with the name of an order or of minutes, or alone (GB/T 9704-2012 7.2.4, 10.1 to 10.3)."""
    if kind == "bulletin":
        return f"{(variables.get('campaign') or {}).get('title') or issuer}简报"
    if layout == DOCUMENT:
        return f"{issuer}文件"
    return f"{issuer}{KINDS[kind].zh}" if layout in (ORDER, MINUTES) else issuer
