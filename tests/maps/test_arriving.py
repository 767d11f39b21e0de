"""The small drawing of a track around the place of an order."""

from dispatch.domain.arrival import ArrivalPolicy
from maps.arriving import SIZE, draw
from tests.unit.arrivals.tracks import SITE, at


def test_the_place_is_in_the_middle_and_north_is_up():
    drawing = draw(SITE, [at(0), at(1, 0, 100), at(2, 100, 0)], ArrivalPolicy())
    here, north, east = drawing.fixes
    assert (here.x, here.y) == (drawing.site.x, drawing.site.y) == (SIZE / 2, SIZE / 2)
    assert north.y < here.y and abs(north.x - here.x) < 1
    assert east.x > here.x and abs(east.y - here.y) < 1


def test_circles_are_to_scale_and_say_what_is_doubtful():
    fixes = [at(0, accuracy_m=50), at(1, accuracy_m=None), at(2, mock=True), at(3, doubts=8)]
    drawing = draw(SITE, fixes, ArrivalPolicy())
    assert drawing.fixes[0].r * 3 == drawing.fence.r
    assert drawing.fixes[1].r > 0
    assert [circle.name for circle in drawing.fixes] == ["fix", "fix", "mock", "doubted"]


def test_what_lies_far_off_is_not_drawn():
    assert draw(SITE, [at(0, 5000)], ArrivalPolicy()).fixes == ()
