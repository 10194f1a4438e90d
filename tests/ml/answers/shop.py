"""A shop small enough to learn in seconds."""

from ml.answers.types import Example

EXAMPLES = (
    Example(
        "return-window", "en", "You can send it back within {return_window}.",
        ("how long can i return it", "return window", "until when can i send it back", "days for returns"),
    ),
    Example("return-window", "zh", "收到后 {return_window} 内可以退货。", ("多久之内可以退货", "退货期限", "几天内能退", "可以退多少天")),
    Example("price", "en", "{product} costs {price}.", ("what does the {product} cost", "price of {product}", "how much is {product}", "how much")),
    Example("price", "zh", "{product} 的价格是 {price}。", ("{product}多少钱", "价格是多少", "卖多少钱", "多少钱")),
    Example("hours", "en", "We answer {support_hours}, Monday to Friday.", ("when are you open", "opening hours", "what time do you open", "are you there today")),
    Example("hours", "zh", "客服时间是 {support_hours}，周一到周五。", ("几点上班", "客服时间", "什么时候有人", "你们几点开门")),
)  # fmt: skip
