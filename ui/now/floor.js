// Draws each camera's picture with its zones over it. What stays the same stays in place: a picture is loaded once.

export default function ({ data, parentElement }) {
  const floor = parentElement.querySelector(".floor");
  while (floor.children.length > data.cameras.length) floor.lastChild.remove();
  while (floor.children.length < data.cameras.length) floor.append(frame());
  data.cameras.forEach((camera, index) => fill(floor.children[index], camera));
}

function frame() {
  const picture = make("img");
  const stage = make("div", "stage", picture, document.createElementNS("http://www.w3.org/2000/svg", "svg"), make("div", "marks"));
  const [, drawing, marks] = stage.children;
  drawing.setAttribute("viewBox", "0 0 1 1");
  drawing.setAttribute("preserveAspectRatio", "none");
  for (const hidden of [drawing, marks]) hidden.setAttribute("aria-hidden", "true");
  // An address that has expired, or a backend that is away: the states are shown all the same.
  picture.onerror = () => stage.classList.add("empty");
  picture.onload = () => stage.classList.remove("empty");
  return make("figure", "", make("h3"), stage, make("figcaption"));
}

function fill(figure, camera) {
  const said = JSON.stringify(camera);
  if (figure.dataset.said === said) return;
  figure.dataset.said = said;
  const [title, stage, caption] = figure.children;
  title.textContent = camera.title;
  title.hidden = !camera.title;
  caption.textContent = camera.age;
  const [picture, drawing, marks] = stage.children;
  stage.setAttribute("role", "img");
  stage.setAttribute("aria-label", camera.alt);
  picture.alt = "";
  if (!camera.picture) {
    picture.removeAttribute("src");
    stage.classList.add("empty");
  } else if (picture.getAttribute("src") !== camera.picture) {
    picture.src = camera.picture;
  }
  drawing.replaceChildren(...camera.zones.flatMap(({ colour, corners }) => outline(colour, corners)));
  marks.replaceChildren(...camera.zones.map(label));
}

// Twice: dark below, bright above, so that a line is seen on any picture.
function outline(colour, corners) {
  return ["below", `above ${colour}`].map((className) => {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
    shape.setAttribute("class", className);
    shape.setAttribute("points", corners.map((corner) => corner.join(",")).join(" "));
    return shape;
  });
}

function label({ name, state, colour, corners }) {
  const element = make("span", `label ${colour}`, make("b", "", name), make("span", "", state));
  const [x, y] = [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
  element.style.left = `${100 * Math.min(0.85, Math.max(0.15, x))}%`;
  element.style.top = `${100 * Math.min(0.92, Math.max(0.08, y))}%`;
  return element;
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
