"""One figure for each finished table: nothing is computed here but where things are drawn.

Every function returns the Axes. The figure's label is its text for those who cannot see it; in a notebook it becomes
the picture's alternative text, and the picture's colours are reduced to a palette.
"""
