// Slides are 1280 x 720. What does not fit on one goes on the next, between two cells; a long table goes on with its
// heading repeated. Only what is too large for a slide of its own is set smaller, and scrolls where that does not help.
window.addEventListener("load", () => {
  const again = document.querySelector(".reveal").dataset.again;
  const probe = document.createElement("div");
  probe.className = "reveal probe";
  document.body.append(probe);

  const over = (leaf) => leaf.scrollHeight - leaf.clientHeight;
  const is = (block, ...kinds) => Boolean(block) && kinds.some((kind) => block.classList.contains(kind));

  // A picture of many panels has a slide of its own: fitted into one, its letters could not be read.
  const tall = (block) => is(block, "picture") && block.querySelector("img").naturalHeight / 1.5 > 700;

  // A picture gives way to the sentence that reads it, down to the size it has on a page (it is drawn at 144 dpi).
  const shrink = (leaf) => {
    const images = leaf.querySelectorAll(".picture img");
    if (images.length !== 1 || over(leaf) <= 0) return;
    const height = images[0].getBoundingClientRect().height - over(leaf);
    if (height >= Math.max(330, images[0].naturalHeight / 1.5)) images[0].style.height = height + "px";
  };

  const fits = (leaf) => {
    shrink(leaf);
    if (over(leaf) <= 0) return true;
    leaf.querySelectorAll(".picture img").forEach((image) => (image.style.height = ""));
    return false;
  };

  // A sentence that has no room below a picture may have it beside the picture.
  const beside = (leaf, block) => {
    const before = block.previousElementSibling;
    if (!is(block, "prose", "text", "html") || !before) return false;
    const row = is(before, "side") ? before : document.createElement("div");
    if (row !== before) {
      if (!is(before, "picture")) return false;
      row.className = "side";
      before.before(row);
      row.append(before, document.createElement("div"));
    }
    row.lastElementChild.append(block);
    if (fits(leaf)) return true;
    row.after(block);
    if (row !== before) row.replaceWith(before);
    return false;
  };

  // An introduction and its table stay together where smaller letters allow it.
  const together = (leaf, block) => {
    if (!is(block, "table") || !is(block.previousElementSibling, "prose")) return false;
    leaf.classList.add("dense");
    if (over(leaf) <= 0) return true;
    leaf.classList.remove("dense");
    return false;
  };

  const squeeze = (leaf) => {
    if (tall(leaf.querySelector(".block.picture"))) {
      leaf.querySelector(".picture img").classList.add("whole");
      leaf.classList.add("scrolls");
      return;
    }
    for (const size of ["dense", "denser"]) {
      if (fits(leaf)) return;
      leaf.classList.remove("dense");
      leaf.classList.add(size);
    }
    if (!fits(leaf)) leaf.classList.add("scrolls");
  };

  // Few words on a slide are set larger.
  const enlarge = (leaf) => {
    if (leaf.className.trim() !== "leaf" || leaf.querySelector(".picture") || !leaf.lastElementChild) return;
    if (leaf.lastElementChild.getBoundingClientRect().bottom > 0.55 * leaf.clientHeight) return;
    leaf.classList.add("roomy");
    if (over(leaf) > 0 || leaf.scrollWidth > leaf.clientWidth) leaf.classList.remove("roomy");
  };

  const following = (leaf) => {
    const made = document.createElement("div");
    made.className = "leaf";
    made.dataset.title = leaf.dataset.title;
    if (!leaf.dataset.title) return made;
    const heading = document.createElement("p");
    heading.className = "again";
    heading.textContent = leaf.dataset.title + " " + again;
    made.append(heading);
    return made;
  };

  // The rows of a table that do not fit, under the same heads; null where there are too few of them.
  const rest = (leaf, block) => {
    const body = block.querySelector("table tbody");
    if (!body || body.rows.length < 8) return null;
    leaf.classList.add("dense");
    if (over(leaf) <= 0) return null;
    const made = block.cloneNode(true);
    const copy = made.querySelector("table tbody");
    const kept = body.rows.length;
    while (over(leaf) > 0 && body.rows.length > 4) body.lastElementChild.remove();
    for (let row = 0; row < body.rows.length; row += 1) copy.rows[0].remove();
    return body.rows.length < kept ? made : null;
  };

  for (const slide of [...document.querySelectorAll(".slides > section > section")]) {
    let leaf = slide.querySelector(".leaf");
    let after = slide;
    const waiting = [...leaf.querySelectorAll(":scope > .block")];
    waiting.forEach((block) => block.remove());
    probe.append(leaf);
    let held = 0;
    const turn = () => {
      const made = following(leaf);
      squeeze(leaf);
      enlarge(leaf);
      after.prepend(leaf);
      leaf = made;
      held = 0;
    };
    const open = () => {
      const section = document.createElement("section");
      after.after(section);
      after = section;
      probe.append(leaf);
    };
    while (waiting.length) {
      const block = waiting.shift();
      const before = leaf.lastElementChild;
      leaf.append(block);
      const alone = held > 0 && (tall(block) || tall(before));
      if (alone || !fits(leaf)) {
        if (alone || (held > 0 && !beside(leaf, block) && !together(leaf, block))) {
          const introduces = held > 1 && is(before, "prose") && !is(block, "prose");
          waiting.unshift(...(introduces ? [before, block] : [block]));
          block.remove();
          if (introduces) before.remove();
          turn();
          open();
          continue;
        }
        const more = held === 0 && is(block, "table") ? rest(leaf, block) : null;
        if (more) {
          waiting.unshift(more);
          turn();
          open();
          continue;
        }
      }
      held += 1;
    }
    turn();
  }
  probe.remove();
  document.addEventListener("toggle", (event) => { // an answer of the quiz that is opened takes room
    const leaf = event.target.closest(".leaf");
    if (leaf && over(leaf) > 0) leaf.classList.add("scrolls");
  }, true);

  Reveal.initialize({
    width: 1280, height: 720, margin: 0.03, center: false, hash: true, navigationMode: "linear", slideNumber: "c/t",
    transition: "none", backgroundTransition: "none", scrollActivationWidth: null, pdfSeparateFragments: false,
    plugins: [RevealNotes],
  });
});
