// The demo's help table: one press on a number signs that person in.
document.addEventListener("click", (event) => {
  const choice = event.target.closest("[data-signs-in]");
  if (!choice) return;
  const form = document.querySelector("form.sign-in-box");
  form.elements.username.value = choice.dataset.signsIn;
  form.elements.password.value = choice.dataset.password;
  form.requestSubmit();
});
