"""Small numbers as people say them in questions: 三, 十二, 两道."""

_DIGITS = "零一二三四五六七八九"


def spoken(n: int) -> str:
    """A number as it is said, up to 99; beyond in digits."""
    if not 0 <= n < 100:
        return str(n)
    tens, ones = divmod(n, 10)
    if not tens:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def counting(n: int) -> str:
    """A number before what it counts: 两 for 2."""
    return "两" if n == 2 else spoken(n)
