// Draws the zones over the picture. Clicks add corners at once; those that were not told by the page stay until it says otherwise.

const NEAR_PX = { mouse: 12, pen: 14, touch: 22 };

export default function ({ data, parentElement, setStateValue }) {
  const stage = parentElement.querySelector(".stage");
  if (stage.revision !== data.revision) {
    Object.assign(stage, { revision: data.revision, corners: data.corners, open: data.open });
  }
  const tell = (corners, open) => {
    Object.assign(stage, { corners, open });
    draw(stage, data);
    setStateValue("drawn", { revision: data.revision, corners, open });
  };
  stage.onclick = (event) => {
    if (!stage.open) return;
    const frame = stage.getBoundingClientRect();
    if (isNear(event, frame, stage.corners[0]) && stage.corners.length > 2) {
      tell(stage.corners, false);
    } else {
      tell([...stage.corners, [share(event.clientX - frame.left, frame.width), share(event.clientY - frame.top, frame.height)]], true);
    }
  };
  const picture = stage.querySelector("img");
  picture.alt = data.alt;
  picture.hidden = !data.picture;
  if (data.picture && picture.src !== data.picture) picture.src = data.picture;
  draw(stage, data);
}

// Four decimals: half a pixel of a 4K picture.
function share(offset, length) {
  return Math.round(10_000 * Math.min(1, Math.max(0, offset / length))) / 10_000;
}

function isNear(event, frame, corner) {
  if (!corner) return false;
  const [x, y] = [frame.left + corner[0] * frame.width, frame.top + corner[1] * frame.height];
  return Math.hypot(event.clientX - x, event.clientY - y) <= (NEAR_PX[event.pointerType] ?? NEAR_PX.mouse);
}

function draw(stage, data) {
  stage.classList.toggle("open", stage.open);
  stage.classList.toggle("empty", !data.picture);
  const people = data.people.map(({ box: [left, top, right, bottom], kind, label }) => (
    { kind, label, corners: [[left, top], [right, top], [right, bottom], [left, bottom]] }));
  const shapes = people.flatMap(({ kind, corners }) => outline("polygon", `person ${kind}`, corners));
  shapes.push(...data.zones.flatMap(({ corners }) => outline("polygon", "zone", corners)));
  if (stage.corners.length) shapes.push(...outline(stage.open ? "polyline" : "polygon", "work", stage.corners));
  stage.querySelector("svg").replaceChildren(...shapes);
  const labels = data.zones.map(({ name, state, corners }) => mark("label", name, middle(corners), state));
  const dots = stage.corners.map((corner, index) => mark("dot", String(index + 1), corner));
  if (!stage.open && stage.corners.length && data.name) labels.push(mark("label work", data.name, middle(stage.corners), data.state));
  const numbers = people.map(({ label, corners: [, , , [left, bottom]] }) => mark("label person", label, [left, bottom]));
  stage.querySelector(".marks").replaceChildren(...numbers, ...labels, ...dots);
}

// Twice: dark below, bright above, so that a line is seen on any picture.
function outline(tag, className, corners) {
  return ["below", "above"].map((layer) => {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
    shape.setAttribute("class", `${className} ${layer}`);
    shape.setAttribute("points", corners.map((corner) => corner.join(",")).join(" "));
    return shape;
  });
}

function mark(className, text, [x, y], state) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  if (state) {
    element.append(document.createElement("small"));
    element.lastChild.textContent = state;
  }
  element.style.left = `${100 * x}%`;
  element.style.top = `${100 * y}%`;
  return element;
}

function middle(corners) {
  return [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
}
