"""Reports on sales and stock, and the shop's data as files."""

from __future__ import annotations

from typing import ClassVar

from actions.base import MERCHANT, Heard, Outcome, SkillAction
from bot.conversation.messages import File, Image, Text
from bot.skills.orders.listing import period_words
from bot.skills.reports.plot import draw
from bot.skills.reports.sales import sales_report
from bot.skills.reports.stock import stock_report
from bot.skills.reports.views import sales_chart, sales_words, sellers_table, stock_views
from bot.skills.shop_data import Listing, export, listing_meant
from bot.skills.turn import Turn

PNG, CSV = "image/png", "text/csv"


class SalesReport(SkillAction):
    """Sales of a period, with a plot."""

    action = "action_sales_report"
    roles = MERCHANT

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """Words, plot, best sellers; the plot is drawn outside of any transaction."""
        with self.app.store.read() as session:
            look = self.app.look(session, turn)
            report = sales_report(session, turn)
        words = sales_words(look, report)
        if not report.now.orders:
            return Outcome((Text(words),))
        name = f"sales-{report.period.first}-{report.period.last}.png"
        png = draw(sales_chart(look, report))
        with self.app.store.write() as session:
            file = self.app.files.put(session, turn.shop, png, name, PNG, turn.conversation)
        title = look.say("sales_title", period=period_words(look, report.period))
        picture = Image(file.sha256, alt=words, title=look.title(title))
        return Outcome((Text(words), picture, sellers_table(look, report)))


class StockReport(SkillAction):
    """What is short, or the stock of the products that were named."""

    action = "action_stock_report"
    roles = MERCHANT

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """The short ones first."""
        with self.app.store.read() as session:
            look = self.app.look(session, turn)
            named = heard.entity("product") or heard.entity("category")
            reader = self.app.reader(session, turn.shop)
            report = stock_report(session, turn, reader.skus_of(named) if named else frozenset())
            return Outcome(stock_views(look, report))


class ExportData(SkillAction):
    """Orders, products or buyers as CSV."""

    action = "action_export_data"
    roles = MERCHANT
    names: ClassVar[dict[Listing, str]] = {
        Listing.ORDERS: "orders.csv",
        Listing.PRODUCTS: "products.csv",
        Listing.BUYERS: "buyers.csv",
    }

    def answer(self, turn: Turn, heard: Heard) -> Outcome:
        """The file, and how many rows it has."""
        what = listing_meant(turn.text)
        with self.app.store.read() as session:
            look = self.app.look(session, turn)
            data, rows = export(session, turn, what, heard.entity("buyer"))
        with self.app.store.write() as session:
            name = self.names[what]
            file = self.app.files.put(session, turn.shop, data, name, CSV, turn.conversation)
        words = look.say(f"export_{what}", rows=rows)
        return Outcome((Text(look.title(words)), File(file.sha256, self.names[what], CSV)))
