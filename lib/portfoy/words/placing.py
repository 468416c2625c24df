"""Where names stand in a chart: beside their points, where they cover least."""

import numpy as np


def fit_in(ax, points):
    """Limits that hold all points, with room for their names, one unit alike on both axes."""
    low, high = points.min(axis=0), points.max(axis=0)
    ax.locator_params(nbins=5, prune="both")
    for _time in range(2):  # new limits have new numbers beside them, which take their room
        ax.figure.canvas.draw()
        box = ax.get_window_extent()
        size = np.array([box.width, box.height])
        unit = ((high - low) / (size - (200, 90))).max()  # so much of a unit is a pixel; the rest is for names
        (left, right), (bottom, top) = zip((low + high - unit * size) / 2, (low + high + unit * size) / 2, strict=True)
        ax.set(xlim=(left, right), ylim=(bottom, top))
    ax.figure.canvas.draw()


def write(ax, wanted, taken):
    """Write each text beside its place where it covers least: not other texts, points or arrows, and not the edge.

    `wanted` is a list of (place, text, how), the last what else the text is drawn with; `taken` an array of places that
    a text had better not cover.
    """
    edge, scale = ax.get_window_extent(), ax.figure.dpi / 72
    points = ax.transData.transform(taken)
    boxes = []
    for place, text, how in wanted:
        note = ax.annotate(text, place, (0, 0), textcoords="offset points", parse_math=False, zorder=5, **how)
        box, at = note.get_window_extent(), ax.transData.transform(place)
        outward = np.arctan2(*(at - ax.transData.transform((0, 0)))[::-1])
        best = min(
            (_cost(corner, box, edge, boxes, points, turn), step, turn, tuple(corner))
            for step in (7, 12, 20, 30)
            for turn in np.linspace(-np.pi, np.pi, 13)
            for corner in [_corner(at, box, step * scale, outward + turn)]
        )
        corner = np.array(best[3])
        boxes.append((*corner, corner[0] + box.width, corner[1] + box.height))
        note.set_position((corner - at) / scale)
        note.set_in_layout(False)


def _corner(at, box, away, angle):
    """Lower left corner of a box that lies `away` from a point in a direction."""
    way = np.array([np.cos(angle), np.sin(angle)])
    return at + away * way + (way - 1) / 2 * (box.width, box.height)


def _cost(corner, box, edge, boxes, points, turn):
    """What a place for a text covers: other texts and the edge count most, points next, then how far it is turned."""
    left, low = corner
    right, high = left + box.width, low + box.height
    out = max(edge.x0 - left, 0) + max(right - edge.x1, 0) + max(edge.y0 - low, 0) + max(high - edge.y1, 0)
    shared = sum(
        max(min(right, other[2]) - max(left, other[0]) + 2, 0) * max(min(high, other[3]) - max(low, other[1]) + 2, 0)
        for other in boxes
    )
    inside = (
        (points[:, 0] > left - 3) & (points[:, 0] < right + 3) & (points[:, 1] > low - 3) & (points[:, 1] < high + 3)
    )
    return round(100 * out + 500 * (shared > 0) + shared + 150 * inside.sum() + 20 * abs(turn), 3)
