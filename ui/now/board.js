// Draws the cards and counts down how long machines are still to be cleaned; a click opens a machine's last session.

export default function ({ data, parentElement, setTriggerValue }) {
  const board = parentElement.querySelector(".board");
  const focused = parentElement.activeElement?.dataset.session;
  const cards = data.groups.flatMap((group) => group.cards);
  board.pick = (session) => setTriggerValue("picked", session);
  const items = itemsFor(board, data.groups);
  cards.forEach((card, index) => fill(items[index], card, board));
  if (focused && !parentElement.activeElement) board.querySelector(`[data-session="${focused}"]`)?.focus();
  const endings = cards.flatMap(({ left_s }, index) =>
    left_s === null ? [] : [countdown(items[index].querySelector(".note"), left_s)]);
  const timer = setInterval(() => endings.forEach((tick) => tick()), 1000);
  return () => clearInterval(timer);
}

function itemsFor(board, groups) {
  const shape = JSON.stringify(groups.map(({ title, cards }) => [title, cards.length]));
  if (board.dataset.shape !== shape) {
    board.dataset.shape = shape;
    board.replaceChildren(...groups.map(({ title, cards }) =>
      make("section", "", ...(title ? [make("h3", "", title)] : []),
        make("ul", "", ...cards.map(() => make("li", ""))))));
  }
  return board.querySelectorAll("li");
}

// What stays the same stays in place: a press that began on a card that is drawn anew before it ends would be no click.
function fill(item, card, board) {
  const words = JSON.stringify({ ...card, left_s: card.left_s !== null });
  if (item.dataset.words === words) return;
  item.dataset.words = words;
  item.replaceChildren(draw(card, board));
}

function draw(card, board) {
  const element = make(card.session ? "a" : "div", `card ${card.colour}`,
    make("span", "name", card.name), make("span", "state", card.state), make("span", "note", card.note),
    make("span", "since", card.since));
  if (card.session) lead(element, card.session, board);
  return element;
}

function countdown(element, left_s) {
  const end_ms = performance.now() + left_s * 1000;
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((end_ms - performance.now()) / 1000));
    element.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
  };
  tick();
  return tick;
}

function lead(anchor, session, board) {
  anchor.href = new URL(`review?session=${session}`, document.baseURI).href;
  anchor.dataset.session = session;
  anchor.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    board.pick(session);
  };
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
