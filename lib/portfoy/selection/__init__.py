"""Selection: who is the most profitable customer? Scores, segments and whom to contact."""
