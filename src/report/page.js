"use strict";
{
  const player = document.getElementById("player");
  const head = document.querySelector(".playhead");
  for (const button of document.querySelectorAll("button[data-start]")) {
    button.addEventListener("click", () => {
      player.currentTime = Number(button.dataset.start);
      player.play();
    });
  }
  const follow = () => {
    head.hidden = !(player.currentTime > 0);
    head.style.left = `${(100 * player.currentTime) / player.duration}%`;
    if (!player.paused) requestAnimationFrame(follow);
  };
  for (const event of ["play", "seeked", "pause"]) player.addEventListener(event, follow);
}
