"""Two customers and their first orders, so that a new shop has something to show."""

from datetime import UTC, datetime

from shop.models import Customer, Order, OrderItem, Product
from sqlalchemy import Connection, insert, select

CUSTOMERS = (
    {"email": "ada@example.org", "name": "Ada Lovelace"},
    {"email": "blaise@example.org", "name": "Blaise Pascal"},
)
ORDERS = (
    ("2026-0001", "ada@example.org", "shipped", {"T-001": 2, "W-001": 1}),
    ("2026-0002", "blaise@example.org", "open", {"C-002": 3}),
    ("2026-0003", "ada@example.org", "paid", {"T-003": 1, "T-002": 1}),
)
PLACED = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


def seed(connection: Connection) -> None:
    """Insert the rows that are missing; the caller commits."""
    for customer in CUSTOMERS:
        if connection.scalar(select(Customer.id).where(Customer.email == customer["email"])) is None:
            connection.execute(insert(Customer).values(customer))
    customers = {row.email: row.id for row in connection.execute(select(Customer.email, Customer.id))}
    products = {row.sku: row.id for row in connection.execute(select(Product.sku, Product.id))}
    for number, email, status, lines in ORDERS:
        if connection.scalar(select(Order.id).where(Order.number == number)) is not None:
            continue
        order = {"number": number, "customer_id": customers[email], "placed_at": PLACED, "status": status}
        order_id = connection.scalar(insert(Order).values(order).returning(Order.id))
        items = [
            {"order_id": order_id, "product_id": products[sku], "quantity": quantity}
            for sku, quantity in lines.items()
        ]
        connection.execute(insert(OrderItem), items)
