"""The page with prices, as a site writes it into its HTML."""

from collections.abc import Iterable, Mapping

Row = tuple[str, str, str | None]


def html(rows: Iterable[Row]) -> str:
    cells = "".join(f"<tr>{symbol(s)}{price(p)}{at(a)}</tr>" for s, p, a in rows)
    return (
        "<!doctype html><title>Prices</title><h1>Prices</h1>"
        f"<table id='prices'><tr><th>Symbol<th>Price<th>Time</tr>{cells}</table>"
    )


def symbol(text: str) -> str:
    return f"<td class='symbol'> {text}</td>"


def price(text: str) -> str:
    return f"<td class='price'><b>{text}</b></td>"


def at(text: str | None) -> str:
    return "" if text is None else f"<td class='at' data-value='{text}'>just now</td>"


def settings() -> Mapping[str, str]:
    """What the service needs to be told besides the address."""
    return {}
