// Draws the cards and counts down how long machines are still to be cleaned; a click opens a machine's last session.

export default function ({ data, parentElement, setTriggerValue }) {
  const board = parentElement.querySelector(".board");
  const focused = parentElement.activeElement?.dataset.session;
  const endings = [];
  board.replaceChildren(...data.groups.map(({ title, cards }) =>
    make("section", "", ...(title ? [make("h3", "", title)] : []),
      make("ul", "", ...cards.map((card) => make("li", "", draw(card, endings, setTriggerValue)))))));
  if (focused) board.querySelector(`[data-session="${focused}"]`)?.focus();
  const timer = setInterval(() => endings.forEach((tick) => tick()), 1000);
  return () => clearInterval(timer);
}

function draw(card, endings, setTriggerValue) {
  const element = make(card.session ? "a" : "div", `card ${card.color}`,
    make("span", "name", card.name), make("span", "state", card.state), make("span", "note", card.note),
    make("span", "since", card.since));
  if (card.left_s !== null) endings.push(countdown(element.querySelector(".note"), card.left_s));
  if (card.session) lead(element, card.session, setTriggerValue);
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

function lead(anchor, session, setTriggerValue) {
  anchor.href = new URL(`review?session=${session}`, document.baseURI).href;
  anchor.dataset.session = session;
  anchor.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    setTriggerValue("picked", session);
  };
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
