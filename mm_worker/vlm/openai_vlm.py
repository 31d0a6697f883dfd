"""A model behind any server that speaks the OpenAI chat API with pictures.

One question, and one more when the reply cannot be used. Any other failure ends the attempt: a request that may
have been billed is never repeated within it. Only a refused format is answered by asking in a plainer one, since a
server that refuses a request does not work on it; the format that worked is remembered for this server.
"""

from dataclasses import dataclass, field

from mm_worker.vlm.budget import Budget
from mm_worker.vlm.chat_answer import ChatAnswer, one_line, read_answer
from mm_worker.vlm.chat_refusal import FormatRefused
from mm_worker.vlm.chat_request import Message, ReplyFormat, opening, repair, request_body
from mm_worker.vlm.chat_server import ChatServer
from mm_worker.vlm.prompt import Prompt, Prompts
from mm_worker.vlm.reply import Reply, ReplyError, parse_reply
from mm_worker.vlm.vlm import Judgement, NotAsked, NotReached, Question, Unanswered, VlmError

_QUOTED_CHARACTERS = 1000


@dataclass(slots=True)
class _Conversation:
    """The exchange about one question so far; `requests` counts refused formats, too."""

    question: Question
    prompt: Prompt
    messages: list[Message]
    answers: list[ChatAnswer] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    requests: int = 0


class OpenAiVlm:
    """Asks `model` on `server`; from any thread."""

    def __init__(self, server: ChatServer, model: str, prompts: Prompts, budget: Budget) -> None:
        self._server = server
        self._model = model
        self._prompts = prompts
        self._budget = budget
        self._format = ReplyFormat.JSON_SCHEMA

    def judge(self, question: Question) -> Judgement:
        """The answer to `question`. Raises VlmError."""
        prompt = self._prompts.of(question.event.event_type)
        conversation = _Conversation(question, prompt, opening(prompt, question))
        try:
            reply = self._ask(conversation)
        except ReplyError as error:
            reply = self._ask_again(conversation, str(error))
        return self._judgement(conversation, reply)

    def _ask_again(self, conversation: _Conversation, problem: str) -> Reply:
        conversation.messages += repair(conversation.prompt, conversation.answers[-1].said(), problem)
        try:
            return self._ask(conversation)
        except ReplyError as error:
            said = _quoted(conversation.answers[-1])
            raise VlmError(f"the model's reply could not be used, nor the repaired one: {error}; {said}") from error
        except NotAsked as error:
            said = _quoted(conversation.answers[-1])
            raise VlmError(
                f"the model's reply could not be used: {problem}; {said}; not asked again: {error}"
            ) from error

    def _ask(self, conversation: _Conversation) -> Reply:
        """The reply to the messages so far. Raises ReplyError or VlmError."""
        answer = self._send(conversation)
        return parse_reply(answer.text(), len(conversation.question.pictures))

    def _send(self, conversation: _Conversation) -> ChatAnswer:
        """Send in the format that this server is known to take, when refused in the next plainer one."""
        for reply_format in list(ReplyFormat)[self._format :]:
            call = self._budget.begin(conversation.question.event.event_id)
            conversation.requests += 1
            try:
                answer = self._request(call, request_body(self._model, conversation.messages, reply_format))
            except FormatRefused as error:
                refused = error
                continue
            self._format = reply_format
            conversation.answers.append(answer)
            cost = self._budget.settle(call, answer.input_tokens, answer.output_tokens)
            if cost is not None:
                conversation.costs.append(cost)
            return answer
        raise VlmError(f"{refused}; it takes the question in no format") from refused

    def _request(self, call: int, body: Message) -> ChatAnswer:
        try:
            content = self._server.ask(body)
        except NotReached:
            self._budget.cancel(call)
            raise
        except Unanswered:
            self._budget.assume(call)
            raise
        try:
            return read_answer(content, self._server.url)
        except VlmError:
            self._budget.assume(call)
            raise

    def _judgement(self, conversation: _Conversation, reply: Reply) -> Judgement:
        answers = conversation.answers
        return Judgement(
            **reply.model_dump(),
            model=answers[-1].model or self._model,
            requested_model=self._model,
            server=self._server.url,
            prompt_version=conversation.prompt.version,
            prompt_sha256=conversation.prompt.sha256,
            requests=conversation.requests,
            input_tokens=_sum([answer.input_tokens for answer in answers]),
            output_tokens=_sum([answer.output_tokens for answer in answers]),
            cost=sum(conversation.costs) if conversation.costs else None,
            raw=answers[0].raw if len(answers) == 1 else [answer.raw for answer in answers],
        )


def _quoted(answer: ChatAnswer) -> str:
    """The model's words, for the person who is to find out what was wrong with them."""
    said = one_line(answer.said(), _QUOTED_CHARACTERS)
    return f"it wrote: {said}" if said else "it wrote nothing"


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
