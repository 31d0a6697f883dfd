"""Parts that several pages share: charts, cards, tables and choices."""
