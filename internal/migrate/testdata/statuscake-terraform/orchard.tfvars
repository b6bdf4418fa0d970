sites = {
  apples = {
    url  = "https://www.orchard.example/"
    find = "Apples"
  }
  pears = {
    url      = "https://pears.orchard.example/"
    interval = 30
  }
}
resource_prefix = "orch"
