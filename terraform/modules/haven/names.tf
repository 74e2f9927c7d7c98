# Names that the chart makes, and where it is in this repository.

locals {
  chart_here = "${path.module}/../../../charts/haven"
  # the start of every object's name, as the chart makes it (haven.fullname); both overrides come by extra_values
  chart_name = trimsuffix(substr(coalesce(try(var.extra_values.nameOverride, null), "haven"), 0, 40), "-")
  fullname = trimsuffix(substr(coalesce(
    try(var.extra_values.fullnameOverride, null),
    strcontains(var.name, local.chart_name) ? var.name : "${var.name}-${local.chart_name}",
  ), 0, 40), "-")
}
