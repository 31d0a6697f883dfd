"""A model behind any server that speaks the OpenAI chat API with pictures.

One question, and one more when the reply can't be used. Whatever else goes wrong ends the attempt: a request that may
have been billed is never repeated within it. Only a refused format is answered by asking in a plainer one, since a
server that refuses a request does not work on it; the format that worked is remembered for this server.
"""

from dataclasses import dataclass, field

from mm_worker.vlm.budget import Ledger
from mm_worker.vlm.chat_answer import ChatAnswer, read_answer
from mm_worker.vlm.chat_refusal import FormatRefused
from mm_worker.vlm.chat_request import Message, ReplyFormat, opening, repair, request_body
from mm_worker.vlm.chat_server import ChatServer
from mm_worker.vlm.prompt import Prompt
from mm_worker.vlm.reply import Reply, ReplyError, parse_reply
from mm_worker.vlm.vlm import Judgement, NotAsked, Question, Unanswered, VlmError


@dataclass(slots=True)
class _Talk:
    """What was said so far about one question; `requests` counts refused formats too."""

    question: Question
    messages: list[Message]
    answers: list[ChatAnswer] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    requests: int = 0


class OpenAiVlm:
    """Asks `model` on `server`; from any thread."""

    def __init__(self, server: ChatServer, model: str, prompt: Prompt, ledger: Ledger) -> None:
        self._server = server
        self._model = model
        self._prompt = prompt
        self._ledger = ledger
        self._format = ReplyFormat.JSON_SCHEMA

    def judge(self, question: Question) -> Judgement:
        """The answer to `question`. Raises VlmError."""
        talk = _Talk(question, opening(self._prompt, question))
        try:
            reply = self._ask(talk)
        except ReplyError as error:
            reply = self._ask_again(talk, str(error))
        return self._judgement(talk, reply)

    def _ask_again(self, talk: _Talk, problem: str) -> Reply:
        talk.messages += repair(self._prompt, talk.answers[-1].said(), problem)
        try:
            return self._ask(talk)
        except ReplyError as error:
            raise VlmError(f"the model's reply could not be used, nor the repaired one: {error}") from error
        except NotAsked as error:
            raise VlmError(f"the model's reply could not be used: {problem}; not asked again: {error}") from error

    def _ask(self, talk: _Talk) -> Reply:
        """The reply to the messages so far. Raises ReplyError or VlmError."""
        answer = self._send(talk)
        return parse_reply(answer.text(), len(talk.question.pictures))

    def _send(self, talk: _Talk) -> ChatAnswer:
        """Send in the format that this server is known to take, when refused in the next plainer one."""
        for reply_format in list(ReplyFormat)[self._format :]:
            call = self._ledger.begin(talk.question.event.event_id)
            talk.requests += 1
            try:
                answer = self._request(call, request_body(self._model, talk.messages, reply_format))
            except FormatRefused as error:
                refused = error
                continue
            self._format = reply_format
            talk.answers.append(answer)
            cost = self._ledger.settle(call, answer.input_tokens, answer.output_tokens)
            if cost is not None:
                talk.costs.append(cost)
            return answer
        raise VlmError(f"{refused}; it takes the question in no format") from refused

    def _request(self, call: int, body: Message) -> ChatAnswer:
        try:
            content = self._server.ask(body)
        except Unanswered:
            self._ledger.assume(call)
            raise
        try:
            return read_answer(content, self._server.url)
        except VlmError:
            self._ledger.assume(call)
            raise

    def _judgement(self, talk: _Talk, reply: Reply) -> Judgement:
        answers = talk.answers
        return Judgement(
            **reply.model_dump(),
            model=answers[-1].model or self._model,
            requested_model=self._model,
            server=self._server.url,
            prompt_version=self._prompt.version,
            prompt_sha256=self._prompt.sha256,
            requests=talk.requests,
            input_tokens=_sum([answer.input_tokens for answer in answers]),
            output_tokens=_sum([answer.output_tokens for answer in answers]),
            cost=sum(talk.costs) if talk.costs else None,
            raw=answers[0].raw if len(answers) == 1 else [answer.raw for answer in answers],
        )


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
