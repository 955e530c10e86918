// A film: the slider moves through pictures that lie beside the page. Without this script the still picture stays.
for (const film of document.querySelectorAll("figure.film")) {
  const frames = JSON.parse(film.querySelector("script").textContent);
  const [picture, slider, value, said] = ["img", "input", "output", ".said"].map(part => film.querySelector(part));

  function show() {
    const frame = frames[slider.value];
    picture.src = frame.src;
    picture.alt = frame.alt;
    value.textContent = frame.value;
    slider.ariaValueText = frame.value;
    if (said) said.innerHTML = frame.said;
  }

  function fetchAll() {
    for (const frame of frames) new Image().src = frame.src;
  }

  slider.addEventListener("input", show);
  for (const coming of ["pointerenter", "focusin"]) film.addEventListener(coming, fetchAll, {once: true});
  film.querySelector(".controls").hidden = false;
  show();
}
