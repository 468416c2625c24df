"""One sentence, or a few, for each table and figure: what a reader should see in it, made from its numbers."""
