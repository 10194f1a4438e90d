"""How reports look in a conversation."""

from __future__ import annotations

from bot.conversation.messages import Language, Reply, Table, Text
from bot.skills.orders.listing import period_words
from bot.skills.orders.views import Look
from bot.skills.reports.plot import Chart
from bot.skills.reports.sales import SalesReport
from bot.skills.reports.stock import StockReport
from bot.texts import number, percent

NAME_LENGTH = 30


def sales_words(look: Look, report: SalesReport) -> str:
    """The report in two sentences."""
    period = period_words(look, report.period)
    if not report.now.orders:
        return look.say("sales_none", period=period)
    change = report.change
    if change is None:
        compared = look.say("sales_no_before")
    else:
        key = "sales_up" if change >= 0.005 else "sales_down" if change <= -0.005 else "sales_same"
        compared = look.say(
            key,
            percent=percent(abs(change), look.language),
            before=look.money(report.before.revenue_cents),
        )
    figures = look.say(
        "sales_figures",
        period=period,
        revenue=look.money(report.now.revenue_cents),
        orders=number(report.now.orders, look.language),
        average=look.money(report.now.average_cents),
    )
    return look.title(f"{figures} {compared}") if look.shop.synthetic else f"{figures} {compared}"


def sellers_table(look: Look, report: SalesReport) -> Table:
    """What sold best."""
    columns = tuple(look.say(f"column_{name}") for name in ("product", "sold", "revenue"))
    rows = tuple(
        (
            look.product(sold.sku, sold.text),
            number(sold.quantity, look.language),
            look.money(sold.revenue_cents),
        )
        for sold in report.sellers
    )
    return Table(look.title(look.say("best_sellers")), columns, rows)


def sales_chart(look: Look, report: SalesReport) -> Chart:
    """The report, ready to be drawn."""
    label = "{0.month}月{0.day}日" if look.language is Language.ZH else "{0:%b} {0.day}"
    name = look.shop.name_zh if look.language is Language.ZH else look.shop.name
    return Chart(
        title=look.say("sales_title", period=period_words(look, report.period)),
        subtitle=f"{name} · {look.say('sales_axis', currency=look.shop.currency)}",
        labels=tuple(label.format(bar.first) for bar in report.bars),
        values=tuple(bar.revenue_cents / 100 for bar in report.bars),
        sellers_title=look.say("best_sellers"),
        sellers=tuple(
            (
                _short(look.product(sold.sku, sold.text)),
                sold.revenue_cents / 100,
                look.money(sold.revenue_cents),
            )
            for sold in report.sellers
        ),
    )


def stock_views(look: Look, report: StockReport) -> tuple[Reply, ...]:
    """Short ones first, and how many there are of each kind."""
    columns = tuple(
        look.say(f"column_{name}") for name in ("product", "stock", "reorder", "days_left")
    )
    rows = tuple(
        (
            f"{look.product(item.sku, item.sku)} ({item.sku})",
            number(item.stock, look.language),
            number(item.reorder_level, look.language),
            "" if item.days_left is None else number(item.days_left, look.language),
        )
        for item in report.shown
    )
    words = look.say("stock_summary", out=report.out, low=report.low, fine=report.fine)
    if not rows:
        return (Text(look.say("stock_all_fine", fine=report.fine)),)
    return Table(look.title(look.say("stock_title")), columns, rows), Text(words)


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + "…"
