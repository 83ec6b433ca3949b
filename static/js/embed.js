// embed.js: fits a frame to its words. In the frame it tells how high they are; in the page around it, it listens.
(() => {
  const NAME = "levelling-up-promises:height"
  if (document.documentElement.hasAttribute("data-embed")) {
    document.body.style.minHeight = "0"
    const tell = () => parent.postMessage({ [NAME]: Math.ceil(document.body.getBoundingClientRect().height) }, "*")
    new ResizeObserver(tell).observe(document.body)
    return
  }
  if (window[NAME]) return // the page shows several frames, each with its script
  window[NAME] = true
  addEventListener("message", ({ data, source }) => {
    const height = data && data[NAME]
    if (!Number.isInteger(height) || height < 1 || height > 5000) return
    for (const frame of document.querySelectorAll("iframe")) {
      if (frame.contentWindow === source) frame.height = height
    }
  })
})()
