"""What the reader's training promises: targets in step with the picture, and a graph that training can go on from."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the reader is trained with PyTorch: install the extra `train`")

import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from edge.camera.ctc import decode
from models.train.halves import halve
from models.train.reader.batches import IGNORE, INDEX, column_targets, stack_targets
from models.train.reader.calibrate import logistic, reliability, sigmoid
from models.train.reader.export import load_weights, session, write
from models.train.reader.network import CLASSES, COLUMNS, REGIONS, Reader
from models.train.reader.shuffle import shuffled


def as_logits(targets):
    logits = np.full((COLUMNS, CLASSES), -8.0, np.float32)
    known = np.where(targets == IGNORE, 0, targets)
    logits[np.arange(COLUMNS), known] = 8.0
    return logits


@pytest.mark.parametrize("text", ["ABC123", "1111111", "OO0OO", "I1I1", "W"])
def test_columns_that_say_their_targets_decode_to_the_text(text):
    edges = np.linspace(6, 122, len(text) + 1)
    spans = np.stack([edges[:-1] + 1, edges[1:] - 1], 1)
    assert decode(as_logits(column_targets(text, spans))).text == text


def test_stacked_characters_sharing_their_columns_decode_from_top_to_bottom():
    spans = np.array([[8.0, 18.0], [8.0, 18.0]])
    assert decode(as_logits(stack_targets("JO", spans))).text == "JO"


def test_a_plate_without_text_is_blank_all_over():
    assert not column_targets("", np.zeros((0, 2))).any()
    assert INDEX["0"] == 1


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    torch.manual_seed(3)
    network = Reader().eval()
    for module in network.modules():  # as after training: no statistic is at its start
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.1)
    path = tmp_path_factory.mktemp("reader") / "reader.onnx"
    write(network.state_dict(), path)
    return network, path


@pytest.mark.filterwarnings("ignore")
def test_the_graph_says_what_the_network_says(exported):
    network, path = exported
    crop = np.random.default_rng(0).integers(0, 256, (64, 128, 3), dtype=np.uint8)
    with torch.no_grad():
        image = torch.from_numpy(crop).permute(2, 0, 1)[None].float() / 127.5 - 1
        wanted = [out[0].numpy() for out in network(image)]
    for mine, theirs in zip(session(path)(crop), wanted, strict=True):
        assert np.allclose(mine, theirs, atol=0.02), "more than half precision's rounding"
    assert wanted[0].shape == (COLUMNS, CLASSES)
    assert wanted[2].shape == (len(REGIONS),)


def test_training_can_go_on_from_the_graph_alone(exported):
    network, path = exported
    weights = load_weights(path)
    assert weights.keys() == network.state_dict().keys()
    for name, value in network.state_dict().items():
        if value.dtype.is_floating_point:
            assert torch.allclose(weights[name].float(), value, rtol=1e-3, atol=1e-6), name


def test_exchanged_characters_mostly_keep_letters_among_letters():
    rng = np.random.default_rng(4)
    picture, middles = np.zeros((96, 192, 3), np.uint8), np.linspace(30, 160, 7)
    texts = [shuffled(rng, picture, "KDB5748", middles)[1] for _ in range(300)]
    assert all(sorted(text) == sorted("KDB5748") for text in texts)
    kept = sum(text[:3].isalpha() for text in texts)
    assert 240 < kept < 295
    assert len(set(texts)) > 60


def test_only_weights_that_half_precision_holds_are_stored_in_it(tmp_path):
    path = tmp_path / "huge.onnx"
    huge = numpy_helper.from_array(np.full((64, 64), 1e6, np.float32), "w")
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 64]) for name in "xy")
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [x], [y], [huge])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    with pytest.raises(ValueError, match="w holds values"):
        halve(path)


def test_the_fitted_curve_finds_the_odds_that_made_the_data():
    rng = np.random.default_rng(1)
    x = rng.normal(0, 3, (4000, 2))
    right = (rng.random(4000) < sigmoid(x @ np.array([0.8, 0.3]) - 0.5)).astype(float)
    weights, _ = logistic(x, right)
    assert np.allclose(weights, [0.8, 0.3, -0.5], atol=0.12)


def test_the_reliability_table_counts_every_read_once():
    sure = np.linspace(0, 1, 101)
    assert sum(row[1] for row in reliability(sure, sure > 0.5)) == 101
