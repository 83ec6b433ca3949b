// Name the search fields that Django's admin draws in place of long lists: it leaves the empty ones without a name.
const nameSearchFields = () => {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const name = select.getAttribute("aria-label")
    const drawn = select.nextElementSibling?.querySelectorAll("[role=combobox], [role=textbox]") ?? []
    if (name) for (const part of drawn) part.setAttribute("aria-label", name)
  }
}

// In the admin's own queue, so that it comes after the drawing.
window.django?.jQuery?.(nameSearchFields)
document.addEventListener("formset:added", () => setTimeout(nameSearchFields))
