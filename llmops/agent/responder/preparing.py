"""Proposals as sentences: what was prepared, or why it could not be."""

from llmops.agent.responder.view import Refused, View
from llmops.tools.drafts import ActionDraft


def prepared(view: View, draft: ActionDraft, phrase: str, **blanks: str) -> str:
    """Lays a proposal down and says the phrase with its `title`; where it is refused, says why.

    Raises:
        Needed: it was not asked yet.
    """
    try:
        title = view.propose(draft).title
    except Refused as refused:
        return view.say("service.not_proposed", message=refused.error.message)
    return view.say(phrase, title=title, **blanks)
