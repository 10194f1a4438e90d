"""Cuts a message into tokens with their places: words, digit runs, single Han characters, marks."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
# Letters and digits never share a token, so that "2x", "x2" and "500ml" come apart by themselves.
_TOKEN = re.compile(rf"[{HAN}]|\d+|[^\W\d_{HAN}]+(?:['’][^\W\d_{HAN}]+)?|\n|\t|[^\s]")
_HAN = re.compile(rf"[{HAN}]")


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is folded (full-width to plain); `start` and `end` count in the message as sent."""

    text: str
    start: int
    end: int


# Traditional characters that order messages use, and what they are in the simplified script.
_SIMPLIFIED = str.maketrans(
    "碼問闆數個兩電話蠟燭請嗎復興國際號樓達軟訂貨買賣單價錢謝麼這裡還沒說時間後從東車門開關長馬鳥魚龍鳳紅綠藍黃銀銅鐵鐘錶雙條張對書筆"
    "紙燈籠鍋鏟盤飯麵雞鴨豬頭腦無線機標鍵飲湯醬鹽蘋檸乾堅餅衛劑淨潔護髮膚臉襪褲襯絨圍雲寶貝兒積氣墊繩鈴裝飾畫擺設禮賀節慶運費"
    "優減滿轉賬帳戶匯現聯繫絡區縣鎮鄉義務學園廣場廈層棟別臺灣陳劉楊趙吳鄭馮許蔣蘇盧葉鄧譚蕭陸嚴韓齊龐顧賴羅範譽榮華偉麗靜強軍"
    "傑紀愛寧輝顏潤澤滙實業責總經員師會議記點遲趕緊盡週內類質種顆雜誌檔據證發給選擇換極",
    "码问板数个两电话蜡烛请吗复兴国际号楼达软订货买卖单价钱谢么这里还没说时间后从东车门开关长马鸟鱼龙凤红绿蓝黄银铜铁钟表双条张对书笔"
    "纸灯笼锅铲盘饭面鸡鸭猪头脑无线机标键饮汤酱盐苹柠干坚饼卫剂净洁护发肤脸袜裤衬绒围云宝贝儿积气垫绳铃装饰画摆设礼贺节庆运费"
    "优减满转账账户汇现联系络区县镇乡义务学园广场厦层栋别台湾陈刘杨赵吴郑冯许蒋苏卢叶邓谭萧陆严韩齐庞顾赖罗范誉荣华伟丽静强军"
    "杰纪爱宁辉颜润泽汇实业责总经员师会议记点迟赶紧尽周内类质种颗杂志档据证发给选择换极",
)


@lru_cache(maxsize=65536)
def _fold_character(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character)
    return (folded if len(folded) == 1 else character).translate(_SIMPLIFIED)


def fold(text: str) -> str:
    """Full-width to plain and traditional to simplified; every place stays where it was."""
    return text if text.isascii() else "".join(map(_fold_character, text))


def tokenize(text: str) -> list[Token]:
    folded = fold(text)
    return [Token(m.group(), m.start(), m.end()) for m in _TOKEN.finditer(folded)]


def has_han(text: str) -> bool:
    return bool(_HAN.search(text))
