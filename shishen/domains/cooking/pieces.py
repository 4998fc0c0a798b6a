"""A turn cut into pieces, one clause each, without the sounds of thinking that speech brings along."""

import re

# A piece is one clause; what is longer is somebody talking, and its cues stand near an end.
LONGEST_PIECE = 80
_JOINTS = re.compile(
    r"[。！？!?；;\n…]+|\.(?=\s)|[，,](?!\d{3})|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])"
    r"|(?:然后呢?再|然后(?!呢|怎么|做什么|等|要|得|多|$)|另外(?![的那]?一?[个道])|顺便|还有就是|再告诉我|再说说|再说一下|同时|以及(?=.{0,6}(?:多|怎|难|要))|并且|对了)"
)
# Sounds of thinking, and words of pointing that point at nothing, as they come with speech.
_HESITATION = re.compile(
    r"(?<![\u4e00-\u9fff])(?:嗯+|呃+|额+|唔+|唉+|哎呀?|诶|欸|哦+|噢|喔|啊|那啥|咳)+[,，、 ]*|(?:嗯{1,}|呃+)+"
    r"|就是说|怎么说呢|你知道吧|我说啊|那个啥|(?:那个){2,}|(?<=[\u4e00-\u9fff])(?:里面|里边|里头)(?:的|那个)?(?=[\u4e00-\u9fff])"
    r"|(?:^|(?<=[,，\s])|(?<=就是)|(?<=还有)|(?<=然后)|(?<=想问)|(?<=想吃)|(?<=想做)|(?<=问下)|(?<=问一下)|(?<=嗯))"
    r"(?:就是)?(?:那个|这个)(?=[\u4e00-\u9fff]{2})(?!要|怎|多|呢|菜|需|步|放|是|做|咋|用|能|可|里|有|热|难|时|难)"
)


def spoken(text: str) -> str:
    """A turn without the sounds of thinking that voice brings along: 嗯那个红烧肉 → 红烧肉."""
    return _HESITATION.sub(" ", text).strip() or text


def pieces_of(text: str) -> list[str]:
    """The pieces of a normalised turn, each with something in it."""
    found = [part for piece in _JOINTS.split(text) if piece for part in _halves(piece.strip())]
    return [piece for piece in found if piece.strip()]


def _halves(piece: str) -> list[str]:
    if len(piece) <= LONGEST_PIECE:
        return [piece]
    return [piece[:LONGEST_PIECE], piece[-LONGEST_PIECE:]]
