"""What every training promises: it can be stopped and gone on with, and the rate follows the share that is done."""

import pytest

pytest.importorskip("torch", reason="networks are trained with PyTorch: install the extra `train`")

import torch

from models.train.course import Course, Plan, averaged

PLAN = Plan(rate=0.1, decay=0.01, average_steps=10, warm=0.1, fall=0.5)


def line():
    torch.manual_seed(5)
    return torch.nn.Linear(2, 1)


def teach(course, steps):
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    for _ in range(steps):
        assert course.goes_on()
        course.learn({"off": (course.network(x) - torch.tensor([[2.0], [-1.0]])).pow(2).mean()}, count=2)
    return course


def test_the_rate_rises_holds_and_falls_to_a_hundredth():
    assert PLAN.rate_at(0.0) < 0.01
    assert PLAN.rate_at(0.1) == PLAN.rate_at(0.5) == pytest.approx(0.1)
    assert 0.04 < PLAN.rate_at(0.75) < 0.06
    assert PLAN.rate_at(1.0) == pytest.approx(0.001)


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path):
    whole = teach(Course(line(), tmp_path / "whole", PLAN, steps=60), 60)
    first = teach(Course(line(), tmp_path / "halves", PLAN, steps=60), 30)
    first.keep(lambda _: "", every_s=0)
    second = Course(line(), tmp_path / "halves", PLAN, steps=60)
    second.begin()
    assert (second.step, second.seen) == (30, 60)
    teach(second, 30)
    assert not second.goes_on()
    assert torch.equal(whole.network.weight, second.network.weight)
    assert torch.equal(whole.average.weight, second.average.weight)


def test_given_weights_are_not_forgotten_in_the_first_steps(tmp_path):
    given = {"weight": torch.tensor([[9.0, 9.0]]), "bias": torch.tensor([9.0])}
    course = Course(line(), tmp_path, PLAN, steps=1000)
    course.begin(lambda: given)
    teach(course, 1)
    assert torch.allclose(course.average.weight, given["weight"], atol=0.05)


def test_the_checkpoint_holds_the_averaged_weights_and_the_log_what_was_said_of_them(tmp_path, capsys):
    course = teach(Course(line(), tmp_path, PLAN, steps=5), 5)
    course.keep(lambda average: f"bias {average.bias.item():.3f}")
    assert torch.equal(averaged(tmp_path / "last.pt")["bias"], course.average.bias)
    assert f"val  bias {course.average.bias.item():.3f}" in capsys.readouterr().out


def test_a_loss_that_is_no_number_ends_the_run_with_a_word(tmp_path):
    course = Course(line(), tmp_path, PLAN, steps=5)
    with pytest.raises(SystemExit, match="lower --rate"):
        course.learn({"off": course.network.weight.sum() * float("nan")}, count=1)
