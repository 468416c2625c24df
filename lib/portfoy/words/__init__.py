"""What a reader sees: labels, the writing of numbers, and the style of figures."""
