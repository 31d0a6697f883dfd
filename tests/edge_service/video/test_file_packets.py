"""From a file's time stamps to the run's."""

from edge_service.video.file_packets import Timeline


def test_starts_at_0_wherever_the_stream_does() -> None:
    timeline = Timeline(splice=100)
    timeline.begin(126_000)
    assert timeline.place(126_000, 125_000, 3_600) == (0, -1_000)
    assert timeline.place(129_600, None, 3_600) == (3_600, None)


def test_a_repeat_goes_on_where_the_last_picture_ends() -> None:
    timeline = Timeline(splice=100)
    timeline.begin(10)
    placed = [timeline.place(pts, pts, 5)[0] for pts in (10, 15, 20)]
    timeline.begin(10)
    assert timeline.begun_at == 15
    assert placed + [timeline.place(pts, pts, 5)[0] for pts in (10, 15, 20)] == [0, 5, 10, 15, 20, 25]


def test_time_stamps_that_start_over_in_one_file_are_taken_for_a_splice() -> None:
    timeline = Timeline(splice=100)
    timeline.begin(0)
    placed = [timeline.place(dts, dts, 50)[0] for dts in (0, 50, 100, 150, 0, 50)]
    assert placed == [0, 50, 100, 150, 200, 250]
    assert timeline.begun_at == 0


def test_pictures_out_of_order_are_no_splice() -> None:
    timeline = Timeline(splice=100)
    timeline.begin(0)
    assert [timeline.place(pts, dts, 40)[0] for pts, dts in ((0, -80), (120, -40), (40, 0), (80, 40))] == [
        0,
        120,
        40,
        80,
    ]
