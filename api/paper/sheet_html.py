"""The sheet as one HTML file for A4: no script, nothing from elsewhere, every word of the county escaped.

Built as a tree, so that a name can never become markup. What says whose plan this is, and whether it is an order at
all, stands in the head of a table, which browsers repeat on every page.
"""

import base64
import hashlib
from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from api.paper.orders import Line
from api.paper.sheet import Sheet

STYLE = """
@page { size: A4 portrait; margin: 10mm 11mm 13mm;
  @bottom-left { content: "下令前核对每页的摘要与计算时间"; font: 7.5pt sans-serif; color: #333 }
  @bottom-right { content: "第 " counter(page) " 页 / 共 " counter(pages) " 页"; font: 8.5pt sans-serif; color: #000 } }
* { box-sizing: border-box }
html { font: 10pt/1.4 "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", "Source Han Sans SC", sans-serif;
  color: #000; background: #fff; print-color-adjust: exact; -webkit-print-color-adjust: exact }
body { margin: 0 auto; max-width: 190mm }
@media screen { body { padding: 8mm } }
table { border-collapse: collapse; width: 100% }
table.page > thead > tr > td, table.page > tbody > tr > td { padding: 0 }
.head { border-bottom: 1.2pt solid #000; padding-bottom: 1.2mm; margin-bottom: 2.5mm; font-size: 8.5pt }
.head .title { display: flex; gap: 3mm; align-items: baseline }
.head .title b { font-size: 13pt; flex: 1 }
.mark { border: 1.5pt solid #000; padding: 0 2mm; font-size: 12pt; font-weight: 700; letter-spacing: .2em }
.head .facts { display: flex; flex-wrap: wrap; column-gap: 4mm }
.digest { font-family: "DejaVu Sans Mono", Consolas, monospace; font-size: 7.5pt }
.never { border: 1.5pt solid #000; padding: .6mm 2mm; margin-top: 1mm; font-weight: 700; font-size: 11pt;
  text-align: center; background: repeating-linear-gradient(135deg, #fff 0 3mm, #ddd 3mm 6mm) }
.banner { border: 2pt solid #000; padding: 2mm 3mm; margin-bottom: 3mm; break-inside: avoid }
.banner h1 { margin: 0; font-size: 20pt; line-height: 1.25 }
.banner p { margin: .5mm 0 0; font-size: 10.5pt }
.ready .banner { border-color: #0a6b2d } .ready .banner h1 { color: #0a6b2d }
.at_risk .banner { border: 4pt double #8a5a00 } .at_risk .banner h1 { color: #8a5a00 }
.not_possible .banner, .unknown .banner { border-width: 4pt;
  background: repeating-linear-gradient(135deg, #fff 0 5mm, #e6e6e6 5mm 10mm) }
.not_possible .banner { border-color: #a30000 } .not_possible .banner h1 { color: #a30000 }
.unknown .banner { border-color: #123f8c; border-style: dashed } .unknown .banner h1 { color: #123f8c }
.figures { display: flex; gap: 3mm; margin-bottom: 3mm; break-inside: avoid }
.figure { flex: 1 1 0; border: .8pt solid #000; padding: 1.2mm 2mm }
.figure b { display: block; font-size: 14pt; line-height: 1.3; font-variant-numeric: tabular-nums; white-space: nowrap }
.figure small { display: block; line-height: 1.3 }
h2 { font-size: 11.5pt; margin: 4mm 0 1mm; break-after: avoid }
.grid th, .grid td { border: .5pt solid #444; padding: .7mm 1.5mm; text-align: left; vertical-align: top }
.grid th { background: #eee; font-weight: 700; font-size: 8.5pt; white-space: nowrap }
.grid tr { break-inside: avoid }
.grid .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.orders td { vertical-align: middle } .orders .say { font-size: 12pt; line-height: 1.32; font-weight: 500; width: 100% }
.orders .box { white-space: pre; font-size: 8.5pt; line-height: 1.5 }
.orders .due { white-space: pre; text-align: right; line-height: 1.35; font-variant-numeric: tabular-nums }
.orders .due::first-line { font-weight: 700 }
.partial .orders td { border-style: dashed } .partial .orders .say { font-weight: 400; font-size: 10.5pt; color: #333 }
.fill { display: flex; flex-wrap: wrap; gap: 1.5mm 4mm; margin-bottom: 2mm; font-size: 10pt; break-inside: avoid }
.fill span { white-space: nowrap }
.look { border: 1pt solid #000; padding: 1mm 2mm; margin-bottom: 2mm; font-size: 12pt; break-inside: avoid }
ul { margin: 0; padding-left: 5mm } .columns { columns: 3 } li, p { break-inside: avoid; orphans: 3; widows: 3 }
"""
"""Chromium repeats page margins' boxes; browsers without them lose only the page number."""

POLICY = (
    "default-src 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security policy to serve a sheet with: its own style and nothing else."""

BOXES = "□收到 □出动\n□到达 □到岗"


def sheet_html(sheet: Sheet) -> str:
    """Return the file; the same sheet gives the same bytes."""
    root = Element("html", {"lang": "zh-CN"})
    head = SubElement(root, "head")
    SubElement(head, "meta", {"charset": "utf-8"})
    SubElement(head, "meta", {"name": "referrer", "content": "no-referrer"})
    SubElement(head, "title").text = _clean(f"{sheet.county} {_title(sheet)} {sheet.digest[:12]}")
    SubElement(head, "style").text = STYLE
    body = SubElement(root, "body", {"class": f"{sheet.kind} {'whole' if sheet.whole else 'partial'}"})
    page = SubElement(body, "table", {"class": "page"})
    _every_page(SubElement(SubElement(SubElement(page, "thead"), "tr"), "td"), sheet)
    content = SubElement(SubElement(SubElement(page, "tbody"), "tr"), "td")
    _summary(content, sheet)
    if sheet.whole:
        _orders(content, sheet)
        _missing(content, sheet)
    else:
        _missing(content, sheet)
        _orders(content, sheet)
    _rest(content, sheet)
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _title(sheet: Sheet) -> str:
    return "封控派警单" if sheet.whole else "封控推演单（不是命令）"


def _every_page(cell: Element, sheet: Sheet) -> None:
    head = _div(cell, "head")
    title = _div(head, "title")
    _add(title, "b", f"{sheet.county} {_title(sheet)}")
    for mark in sheet.marks:
        _add(title, "span", mark, "mark")
    facts = _div(head, "facts")
    for name, value in sheet.every_page:
        _add(facts, "span", f"{name}：{value}")
    _add(head, "div", f"摘要 {sheet.digest}", "digest")
    if not sheet.whole:
        _add(head, "div", sheet.banner, "never")


def _summary(cell: Element, sheet: Sheet) -> None:
    banner = _div(cell, "banner")
    _add(banner, "h1", sheet.banner)
    _add(banner, "p", sheet.advice)
    figures = _div(cell, "figures")
    for figure in sheet.figures:
        box = _div(figures, "figure")
        _add(box, "span", figure.label)
        _add(box, "b", figure.value)
        _add(box, "small", figure.note)
    _table(cell, ("圈", "判定", "T*（最弱卡点）", "余量", "把握（下限）"), sheet.verdicts, numbers=(2, 3))


def _orders(cell: Element, sheet: Sheet) -> None:
    if sheet.whole:
        _add(cell, "h2", f"命令 {len(sheet.lines)} 条，余量最小的在前；每条 8 秒内读完")
        fill = _div(cell, "fill")
        for text in ("下令时刻 T＝___：___：___", "下令人 ____________", *_due(sheet.deadlines)):
            _add(fill, "span", text)
        if sheet.look_for:
            _add(cell, "div", f"目标：{sheet.look_for}", "look")
    elif sheet.lines:
        _add(cell, "h2", f"能确保到岗的部分，仅供参考（{len(sheet.lines)} 个单元）")
    if sheet.lines:
        table = SubElement(cell, "table", {"class": "grid orders"})
        last = ("回执",) if sheet.whole else ()
        _row(
            SubElement(table, "thead"),
            "th",
            ("", "读出内容" if sheet.whole else "设想", "预计 / 时限", "余量", "位置", *last),
        )
        rows = SubElement(table, "tbody")
        for number, line in enumerate(sheet.lines, 1):
            _order(SubElement(rows, "tr"), number, line, whole=sheet.whole)


def _order(row: Element, number: int, line: Line, *, whole: bool) -> None:
    _add(row, "td", str(number), "n")
    _add(row, "td", line.text, "say")
    _add(row, "td", f"{line.staffed}\n≤ {line.deadline}", "due")
    for text in (line.margin, f"{line.age}前" if line.age != "不明" else line.age):
        _add(row, "td", text, "n")
    if whole:
        _add(row, "td", BOXES, "box")


def _due(deadlines: Iterable[str]) -> list[str]:
    return [f"T＋{deadline}＝___：___" for deadline in deadlines]


def _missing(cell: Element, sheet: Sheet) -> None:
    _list(cell, "没有按时到岗的卡点", sheet.open_posts, none="没有：全部卡点按时到岗。")
    _list(cell, "请用电台询问", sheet.ask, name="columns")
    _list(cell, "怎样补救", sheet.fixes)
    _list(cell, "封控圈缺口（卡点到岗也拦不住）", sheet.leaks)
    _list(cell, "为什么不能", sheet.why)


def _rest(cell: Element, sheet: Sheet) -> None:
    left = f"{len(sheet.left)} 个：{'、'.join(sheet.left)}" if sheet.left else "没有。"
    _list(cell, "留在县城、没有任务的单元", (left,))
    _list(cell, "把握与薄弱处", sheet.notes)


def _list(cell: Element, title: str, items: Iterable[str], none: str = "", name: str = "") -> None:
    shown = list(items) or ([none] if none else [])
    if shown:
        _add(cell, "h2", title)
        inner = SubElement(cell, "ul", {"class": name} if name else {})
        for item in shown:
            _add(inner, "li", item)


def _table(cell: Element, head: Iterable[str], rows: Iterable[Iterable[str]], numbers: tuple[int, ...]) -> None:
    table = SubElement(cell, "table", {"class": "grid"})
    _row(SubElement(table, "thead"), "th", head)
    body = SubElement(table, "tbody")
    for row in rows:
        line = SubElement(body, "tr")
        for place, text in enumerate(row):
            _add(line, "td", text, "n" if place in numbers else "")


def _row(parent: Element, tag: str, texts: Iterable[str]) -> None:
    row = SubElement(parent, "tr")
    for text in texts:
        _add(row, tag, text)


def _div(parent: Element, name: str) -> Element:
    return SubElement(parent, "div", {"class": name})


def _add(parent: Element, tag: str, text: str, name: str = "") -> Element:
    made = SubElement(parent, tag, {"class": name} if name else {})
    made.text = _clean(text)
    return made


def _clean(text: str) -> str:
    """Return the text without characters that no page may hold."""
    return "".join(char for char in text if char.isprintable() or char == "\n")
