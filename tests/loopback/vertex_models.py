"""Vertex AI's Model Registry and metadata store, as far as their published words tell how they behave.

A model's versions live in the server's store as `…/models/<id>@<number>`. Aliases: unique in a model, moved by adding
them elsewhere; `default` is given to the first version and always somewhere. Contexts need their metadata store.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import grpc
from google.cloud.aiplatform_v1 import types
from google.protobuf.empty_pb2 import Empty

from tests.loopback.crud import Crud
from tests.loopback.messages import copy_of, find_rpc
from tests.loopback.operations import done

Code = grpc.StatusCode
Handler = Callable[[Any, grpc.ServicerContext], Any]
MODEL_ID = re.compile(r"[a-z_][a-z0-9_-]{0,62}")
ALIAS = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]")
CONTEXT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
CREATE_CONTEXT = "/google.cloud.aiplatform.v1.MetadataService/CreateContext"


def handlers(crud: Crud) -> Mapping[str, Handler]:
    """Answers by rpc, for `GrpcServer.always`, over the store of the server's default behaviour."""
    return {**Models(crud).handlers(), **Contexts(crud).handlers()}


class Models:
    """Stateful answers of ModelService.

    Args:
        crud: the server's default behaviour, whose store and pages these share.
        moves: whether adding an alias takes it from the version that has it, as Google documents.
    """

    def __init__(self, crud: Crud, moves: bool = True) -> None:
        self._crud = crud
        self._moves = moves
        self._lock = threading.Lock()

    def handlers(self) -> Mapping[str, Handler]:
        """By rpc."""
        return {
            "UploadModel": self.upload,
            "GetModel": self.get,
            "ListModels": self.list_models,
            "ListModelVersions": self.list_versions,
            "MergeVersionAliases": self.merge,
            "DeleteModelVersion": self.delete_version,
        }

    def upload(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A new model under `model_id`, or a new version of `parent_model`."""
        path = request.parent_model or f"{request.parent}/models/{request.model_id}"
        known = list(self._of(path))
        if request.parent_model and not known:
            context.abort(Code.NOT_FOUND, f"{path} was not found.")
        if not request.parent_model and known:
            context.abort(Code.ALREADY_EXISTS, f"{path} already exists.")
        if not MODEL_ID.fullmatch(path.rsplit("/", 1)[1]):
            context.abort(Code.INVALID_ARGUMENT, f"{request.model_id!r} is no model id.")
        if not request.model.artifact_uri.startswith("gs://") or not request.model.container_spec.ports:
            context.abort(Code.INVALID_ARGUMENT, "A model needs its artifacts in Cloud Storage and a port to ask.")
        model = copy_of(request.model)
        model.version_id = str(max((int(version.version_id) for version in known), default=0) + 1)
        model.name = f"{path}@{model.version_id}"
        model.create_time = model.update_time = model.version_create_time = datetime.now(UTC)
        model.version_aliases = [*model.version_aliases, *([] if known else ["default"])]
        self._crud.store[model.name] = model
        return done(types.UploadModelResponse(model=path, model_version_id=model.version_id))

    def get(self, request: Any, context: grpc.ServicerContext) -> Any:
        """By `@number`, `@alias`, or neither, which is `@default`."""
        path, _, wanted = request.name.partition("@")
        for model in self._of(path):
            if (wanted or "default") in (model.version_id, *model.version_aliases):
                return model
        context.abort(Code.NOT_FOUND, f"{request.name} was not found.")

    def list_models(self, request: Any, context: grpc.ServicerContext) -> Any:
        """The default version of each model; filters `model=ID`, `display_name=…` and `labels.k=v`."""
        wanted = dict(re.findall(r'([\w.]+)\s*=\s*"?([^"\s]+)"?', request.filter))
        found = [m for m in self._all() if "default" in m.version_aliases and _matches(m, wanted)]
        return types.ListModelsResponse(models=found)

    def list_versions(self, request: Any, context: grpc.ServicerContext) -> Any:
        """All versions, in pages."""
        versions = list(self._of(request.name.partition("@")[0]))
        if not versions:
            context.abort(Code.NOT_FOUND, f"{request.name} was not found.")
        page, token = self._crud._page(type(request).pb(request), versions)
        return types.ListModelVersionsResponse(models=page, next_page_token=token)

    def merge(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Adds aliases to a version and takes those away that are written with a '-'; one request at a time."""
        with self._lock:
            return self._merge(request, context)

    def _merge(self, request: Any, context: grpc.ServicerContext) -> Any:
        path, _, number = request.name.partition("@")
        model: Any = next((m for m in self._of(path) if m.version_id == number), None)
        if model is None:
            context.abort(Code.NOT_FOUND, f"{request.name} was not found.")
        for change in request.version_aliases:
            alias = change.removeprefix("-")
            absent = change.startswith("-") and alias not in model.version_aliases
            if not ALIAS.fullmatch(alias) or absent or change == "-default":
                context.abort(Code.INVALID_ARGUMENT, f"{change!r} cannot be merged into {request.name}.")
            holders = [model] if change.startswith("-") else list(self._of(path)) if self._moves else []
            for holder in holders:
                holder.version_aliases = [kept for kept in holder.version_aliases if kept != alias]
            if not change.startswith("-") and alias not in model.version_aliases:
                model.version_aliases = [*model.version_aliases, alias]
        return model

    def delete_version(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Any version but the default one."""
        model = self.get(request, context)
        if "default" in model.version_aliases:
            context.abort(Code.FAILED_PRECONDITION, f"{request.name} is the default version.")
        del self._crud.store[model.name]
        return done(Empty())

    def _of(self, path: str) -> Iterator[Any]:
        return (model for model in self._all() if model.name.partition("@")[0] == path)

    def _all(self) -> list[Any]:
        return [model for model in self._crud.store.values() if isinstance(model, types.Model)]


class Contexts:
    """Stateful answers of MetadataService that go beyond create, get, list, update and delete."""

    def __init__(self, crud: Crud) -> None:
        self._crud = crud

    def handlers(self) -> Mapping[str, Handler]:
        """By rpc."""
        return {"CreateContext": self.create, "AddContextChildren": self.add_children}

    def create(self, request: Any, context: grpc.ServicerContext) -> Any:
        """A context of a store that exists, under an id that Vertex AI takes."""
        if request.parent not in self._crud.store:
            context.abort(Code.NOT_FOUND, f"{request.parent} was not found.")
        if not CONTEXT_ID.fullmatch(request.context_id):
            context.abort(Code.INVALID_ARGUMENT, f"{request.context_id!r} is no context id.")
        rpc = find_rpc(CREATE_CONTEXT)
        assert rpc
        return self._crud.answer(rpc, request, context)

    def add_children(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Remembers the children under `<context>#children`; one that is there already is skipped."""
        for name in (request.context, *request.child_contexts):
            if name not in self._crud.store:
                context.abort(Code.NOT_FOUND, f"{name} was not found.")
        children = self._crud.store.setdefault(f"{request.context}#children", [])
        children.extend(name for name in request.child_contexts if name not in children)
        return types.AddContextChildrenResponse()


def _matches(model: Any, wanted: Mapping[str, str]) -> bool:
    known = {"model": model.name.rsplit("/", 1)[1].partition("@")[0], "display_name": model.display_name}
    known |= {f"labels.{key}": value for key, value in model.labels.items()}
    return all(known.get(key) == value for key, value in wanted.items())
