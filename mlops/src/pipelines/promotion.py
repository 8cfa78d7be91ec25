"""Evaluate, then promote or keep: the part that two pipelines share."""

from typing import Any

from kfp import dsl

from mlops.src.pipelines import components as step
from mlops.src.pipelines.components import place


def promote_or_keep(world: dict[str, Any], state: Any, trained: Any, deploy: Any) -> Any:
    """Adds the steps to the pipeline being defined; returns the version that is champion afterwards.

    Every `If` has its `Else`, and rests on one unnamed output: kfp.local reads those without doubt.
    """
    version = trained.outputs["Output"]
    judged = place(step.evaluate(**world, data_state=state.output, version=version), "Evaluate")
    decision = judged.outputs["Output"]
    with dsl.If(decision == "promote", name="promote"):
        promoted = place(step.promote(**world, version=version, deploy=deploy), "Promote")
        with dsl.If(deploy == "online", name="online"):
            place(step.deploy_online(**world, version=promoted.output), "Deploy online")
        with dsl.Else(name="batch"):
            place(step.batch_only(version=promoted.output, deploy=deploy), "Batch only", retries=0)
    with dsl.Else(name="keep"):
        kept = place(step.keep_champion(**world, version=version, decision=decision), "Keep the champion")
    return dsl.OneOf(promoted.output, kept.output)
