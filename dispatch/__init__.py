"""The core: tickets, outages, orders, crews and clocks, and what people do with them."""
