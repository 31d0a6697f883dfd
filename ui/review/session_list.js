// Draws the days and their sessions; a click opens one, as a link that can also be copied or opened in another tab.

const PHONE = "(max-width: 640px)";

export default function ({ data, parentElement, setTriggerValue }) {
  const list = parentElement.querySelector("nav");
  const focused = parentElement.activeElement?.dataset.id;
  const first = data.days[0].rows[0].id;
  const isMove = list.dataset.open !== String(data.open);
  const isOtherPage = list.dataset.first !== first;
  Object.assign(list.dataset, { open: String(data.open), first });
  list.replaceChildren(...data.days.flatMap(({ day, rows }) => [
    make("h2", "", day),
    make("ol", "", ...rows.map((row) => make("li", "", link(row, data.open, setTriggerValue)))),
  ]));
  if (focused) list.querySelector(`[data-id="${focused}"]`)?.focus({ preventScroll: true });
  if (isOtherPage) list.scrollTop = 0;
  if (isMove || isOtherPage) reveal(list);
}

function link(row, open, setTriggerValue) {
  const anchor = make("a", "",
    picture(row),
    make("span", "", make("span", "name", row.name), make("span", "when", row.when)),
    make("span", "became", make("span", `outcome ${row.colour}`, row.outcome), make("span", "review", row.review)));
  anchor.dataset.id = row.id;
  anchor.href = addressOf(row.id);
  if (row.id === open) anchor.setAttribute("aria-current", "true");
  anchor.onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (matchMedia(PHONE).matches) document.querySelector('[data-testid="stMain"]')?.scrollTo({ top: 0 });
    setTriggerValue("picked", row.id);
  };
  return anchor;
}

function picture(row) {
  if (!row.picture) return make("span", "picture");
  const image = make("img", "picture");
  image.loading = "lazy";
  image.alt = row.alt;
  image.src = row.picture;
  image.onerror = () => image.replaceWith(make("span", "picture"));
  return image;
}

function addressOf(id) {
  const address = new URL(location.href);
  address.searchParams.delete("event");
  address.searchParams.set("session", id);
  return address.href;
}

// Only the list scrolls, and only as far as it takes to see the open session below its day.
function reveal(list) {
  const row = list.querySelector("[aria-current]")?.getBoundingClientRect();
  if (!row) return;
  const frame = list.getBoundingClientRect();
  const top = frame.top + list.querySelector("h2").offsetHeight;
  if (row.top < top) list.scrollTop -= top - row.top;
  if (row.bottom > frame.bottom) list.scrollTop += row.bottom - frame.bottom;
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
