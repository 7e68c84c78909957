"""Where the prices stand in the page. For a page of your own, change this.

As it is, it fits::

    <table id="prices">
      <tr><th>Symbol</th><th>Price</th><th>Time</th></tr>
      <tr>
        <td class="symbol">ACME</td>
        <td class="price">1,101.25</td>
        <td class="at">2026-01-31T12:00:00Z</td>
      </tr>
    </table>

Where a cell has the attribute ``data-value``, that counts instead of its text:
``<td class="price" data-value="1101.25">1.101,25 €</td>``.
"""

from __future__ import annotations

ROW = "table#prices tr:has(td)"
"""A CSS selector; those of the cells are looked up within a row."""
CELLS = {"symbol": ".symbol", "price": ".price", "at": ".at"}
"""``at`` is a time as in RFC 3339, with a time zone; without one it is the time of reading."""
VALUE = "data-value"
GROUPING = ","
"""What groups the digits of a price."""
