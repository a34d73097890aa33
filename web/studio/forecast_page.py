"""The picture of one forecast, or of two, as a page of its own that needs no server: for a mail, a print, a leader."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from markupsafe import Markup

from engine.domain.campaign import Campaign
from engine.forecast.compare import bottlenecks, changes, explained, phase_name
from engine.forecast.outcome import Load, Result, Share
from web.i18n import has, say
from web.studio.forecast_charts import Words, finish_curve, late_bars, load_heat, name_of

CSS = Path(__file__).resolve().parents[1] / "static" / "css"
PLAIN = "body{max-width:72rem;margin:2rem auto;padding:0 1rem;line-height:1.6} table{border-collapse:collapse} td,th{padding:.2rem .8rem;text-align:start;border-bottom:1px solid #dbe1e8}"  # noqa: E501


def page_of(results: Sequence[Result], plan: Campaign, lang: str) -> str:
    """`lang`: zh or en."""

    def words(key: str, /, **fields: object) -> str:
        return say(key, lang, **fields)

    names = {key: _phase(key, lang) for result in results for key in result.late_by_phase}
    units = {unit.id: unit.name_en or unit.name if lang == "en" else unit.name for unit in plan.units}
    units[plan.office.unit] = words("forecast.each_office")
    title = " / ".join(name_of(result, words) for result in results)
    told = changes(*results) if len(results) == 2 else ()
    supposed = ("; " if lang == "en" else "；").join(one.en if lang == "en" else one.zh for one in told)
    parts = [
        Markup("<h1>{}</h1>").format(title),
        Markup('<p class="in-words"><b>{}</b> {}</p>').format(words("forecast.supposed"), supposed)
        if told
        else Markup(),
        *(
            Markup('<p class="in-words">{}</p>').format(one.en if lang == "en" else one.zh)
            for one in explained(*results)
        ),
        _figures(results, words),
        _headed(words("forecast.finish"), finish_curve(results, words, names)),
        _legend(results, words),
        _headed(words("forecast.late"), late_bars(results, words, names)),
    ]
    for result in results:
        heading = words("forecast.heat", name=name_of(result, words))
        parts.append(_headed(heading, load_heat(result, words, partial(_group, units, lang))))
        parts.append(_queues(result, words))
    return str(_document(title, lang, Markup("\n").join(parts)))


def _document(title: str, lang: str, body: Markup) -> Markup:
    style = Markup("\n").join(Markup((CSS / name).read_text("utf-8")) for name in ("base.css", "pages/forecasts.css"))
    head = Markup(
        '<!doctype html>\n<html lang="{}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>{}</title><style>{}{}</style></head><body>\n'
    ).format("en" if lang == "en" else "zh-CN", title, style, Markup(PLAIN))
    return head + body + Markup("\n</body></html>\n")


def _headed(heading: str, picture: Markup) -> Markup:
    return Markup("<h2>{}</h2>\n{}").format(heading, picture)


def _legend(results: Sequence[Result], words: Words) -> Markup:
    lines = (
        Markup('<li class="legend__one legend__one--{}">{}</li>').format(number, name_of(result, words))
        for number, result in enumerate(results)
    )
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(lines))


def _figures(results: Sequence[Result], words: Words) -> Markup:
    rows = (
        ("forecast.cases", [result.cases for result in results]),
        ("forecast.finished", [result.finished for result in results]),
        ("forecast.p50", [result.finish_p50 or "—" for result in results]),
        ("forecast.p90", [result.finish_p90 or "—" for result in results]),
        ("forecast.late_cases", [_share(result.late_cases) for result in results]),
        ("forecast.letters", [sum(result.letters.values()) for result in results]),
    )
    heads = Markup("").join(Markup('<th scope="col">{}</th>').format(name_of(result, words)) for result in results)
    body = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            words(key), Markup("").join(Markup("<td>{}</td>").format(value) for value in values)
        )
        for key, values in rows
    )
    return Markup("<table><thead><tr><td></td>{}</tr></thead><tbody>{}</tbody></table>").format(heads, body)


def _share(share: Share) -> str:
    return f"{share.percent}% ({share.late}/{share.total})"


def _queues(result: Result, words: Words) -> Markup:
    heading = words("forecast.bottlenecks_of", name=name_of(result, words))
    lines = Markup("").join(
        Markup("<li>{} · {} · {}%</li>").format(
            stay.name, words("forecast.days", n=f"{stay.waited / result.a_day:.1f}"), round(100 * stay.share)
        )
        for stay in bottlenecks(result)
    )
    return _headed(heading, Markup("<ol>{}</ol>").format(lines) if lines else Markup(words("forecast.no_queue")))


def _group(units: dict[str, str], lang: str, load: Load) -> str:
    role = say(f"role.{load.role}", lang) if has(f"role.{load.role}") else load.role
    return f"{role} × {load.people} {units.get(load.unit, load.unit)}"


def _phase(key: str, lang: str) -> str:
    zh, en = phase_name(key)
    return en.removeprefix("The ").capitalize() if lang == "en" else zh
