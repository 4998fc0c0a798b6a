"""Tokens cut into chunks: what stands between two separators and names, usually, one thing."""

from shishen.domains.cooking.quantities.tokens import Kind, Token
from shishen.domains.cooking.quantities.vocabulary import vocabulary


def cut(tokens: list[Token]) -> list[list[Token]]:
    """The tokens between separators; a space separates only two names."""
    chunks: list[list[Token]] = [[]]
    tokens = _with_latin(_choice(tokens))
    for i, token in enumerate(tokens):
        if token.kind is Kind.COMMA:
            chunks.append([])
        elif token.kind is Kind.SPACE:
            if chunks[-1] and _separates(tokens, i):
                chunks.append([])
        else:
            chunks[-1].append(token)
    return [chunk for chunk in chunks if chunk]


def _separates(tokens: list[Token], i: int) -> bool:
    if i + 1 >= len(tokens) or i == 0:
        return False
    left, right = tokens[i - 1], tokens[i + 1]
    if i == 1 and left.kind is Kind.WORD and vocabulary().orphan.fullmatch(left.text):
        return False
    if left.kind is not Kind.WORD or right.kind is not Kind.WORD:
        return False
    return has_han(left.text) and has_han(right.text)


def _with_latin(tokens: list[Token]) -> list[Token]:
    """`Masala 粉` and `NFC 橙汁` are one name: Latin before Chinese belongs to it."""
    for i, (left, space, right) in enumerate(zip(tokens, tokens[1:], tokens[2:], strict=False)):
        if (
            [left.kind, space.kind, right.kind] == [Kind.WORD, Kind.SPACE, Kind.WORD]
            and left.text.isascii()
            and left.text.isalpha()
            and len(left.text) > 1
            and (has_han(right.text[:1]) or right.text.isascii())
            and (i == 0 or tokens[i - 1].kind is not Kind.WORD)
        ):
            joined = Token(Kind.WORD, f"{left.text} {right.text}")
            return [*tokens[:i], joined, *_with_latin(tokens[i + 3 :])]
    return tokens


def _choice(tokens: list[Token]) -> list[Token]:
    """A、B或C is one choice of three: the comma becomes an or."""
    kinds_seen = [t.kind for t in tokens]
    commas = [i for i, t in enumerate(tokens) if t.kind is Kind.COMMA]
    if len(commas) != 1 or kinds_seen.count(Kind.OR) != 1 or tokens[commas[0]].text != "、":
        return tokens
    comma, joint = commas[0], kinds_seen.index(Kind.OR)
    between = [t.kind for t in tokens[comma + 1 : joint] if t.kind not in (Kind.SPACE, Kind.BRACKET)]
    if joint < comma or between != [Kind.WORD] or tokens[joint].text.strip() == "/":
        return tokens
    if any(t.kind is Kind.QUANTITY for t in tokens[1:comma]):
        return tokens
    return [*tokens[:comma], Token(Kind.OR, "或"), *tokens[comma + 1 :]]


def has_han(text: str) -> bool:
    """Whether there is a Chinese character in the text."""
    return any("\u3400" <= c <= "\u9fff" for c in text)
