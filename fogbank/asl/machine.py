"""A definition compiled: nodes by name, closures in them. Made once, shared by every execution of it."""

from __future__ import annotations

from fogbank.asl.definition.states import (
    Branch,
    ChoiceState,
    Definition,
    FailState,
    MapState,
    ParallelState,
    PassState,
    ProcessorMode,
    State,
    SucceedState,
    TaskState,
    WaitState,
)
from fogbank.asl.states.choice import ChoiceNode
from fogbank.asl.states.distributed_map import DistributedMapNode
from fogbank.asl.states.fail import FailNode
from fogbank.asl.states.map_ import MapNode
from fogbank.asl.states.node import Node
from fogbank.asl.states.parallel import ParallelNode
from fogbank.asl.states.pass_ import PassNode
from fogbank.asl.states.succeed import SucceedNode
from fogbank.asl.states.task import Problem, TaskNode
from fogbank.asl.states.wait import WaitNode


class Block:
    """States that belong together: a machine's, a branch's, a processor's."""

    __slots__ = ("nodes", "start")

    def __init__(self, nodes: dict[str, Node], start_at: str) -> None:
        self.nodes = nodes
        self.start = nodes[start_at]


class Machine:
    """`root` is where an execution begins. `distributed` are the Distributed Maps by state name, at any depth."""

    __slots__ = ("distributed", "root", "timeout_s")

    def __init__(
        self, root: Block, timeout_s: int | None, distributed: dict[str, DistributedMapNode]
    ) -> None:
        self.root = root
        self.timeout_s = timeout_s
        self.distributed = distributed

    def child(self, state_name: str) -> Machine:
        """The machine that a child execution of a Distributed Map runs."""
        return Machine(self.distributed[state_name].blocks[0], None, self.distributed)


def compile_machine(definition: Definition, problem: Problem | None = None) -> Machine:
    """Of a definition that was validated. `problem` judges the parameters of tasks before they are scheduled."""
    distributed: dict[str, DistributedMapNode] = {}
    root = _block(Branch(definition.start_at, definition.states), distributed, problem)
    return Machine(root, definition.timeout_seconds, distributed)


def _block(branch: Branch, distributed: dict[str, DistributedMapNode], problem: Problem | None) -> Block:
    nodes = {name: _node(state, distributed, problem) for name, state in branch.states.items()}
    return Block(nodes, branch.start_at)


def _node(state: State, distributed: dict[str, DistributedMapNode], problem: Problem | None) -> Node:
    match state:
        case PassState():
            return PassNode(state)
        case TaskState():
            return TaskNode(state, problem)
        case ChoiceState():
            return ChoiceNode(state)
        case WaitState():
            return WaitNode(state)
        case SucceedState():
            return SucceedNode(state)
        case FailState():
            return FailNode(state)
        case ParallelState():
            return ParallelNode(state, tuple(_block(each, distributed, problem) for each in state.branches))
        case MapState(mode=ProcessorMode.DISTRIBUTED):
            node = distributed[state.name] = DistributedMapNode(
                state, _block(state.processor, distributed, problem)
            )
            return node
        case MapState():
            return MapNode(state, _block(state.processor, distributed, problem))
        case _:
            raise AssertionError(state)
