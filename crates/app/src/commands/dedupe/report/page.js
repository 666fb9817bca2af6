// The slider moves the line, colours what would join, and marks the row of the table.
const slider = document.getElementById("threshold");
const chart = document.getElementById("histogram");
if (slider && chart) {
  const choices = JSON.parse(slider.dataset.choices);
  const rows = document.querySelectorAll("#choices tr");
  const show = () => {
    const choice = choices[slider.value];
    const place = (choice.threshold - chart.dataset.left) * chart.dataset.scale;
    const mark = document.getElementById("mark");
    mark.setAttribute("x1", place);
    mark.setAttribute("x2", place);
    for (const bar of chart.querySelectorAll("rect")) {
      bar.classList.toggle("joins", Number(bar.dataset.weight) >= choice.threshold);
    }
    rows.forEach((row, at) => row.classList.toggle("tried", at === Number(slider.value)));
    document.getElementById("at").textContent = choice.threshold.toFixed(2);
    slider.setAttribute("aria-valuetext", `${choice.threshold.toFixed(2)}: ${choice.clusters} clusters`);
  };
  slider.addEventListener("input", show);
  show();
}
