# Rules of the language itself: they come with tflint, nothing is downloaded.
plugin "terraform" {
  enabled = true
  preset  = "all"
}

# a module of this repository has its version
rule "terraform_module_version" {
  enabled = false
}

# examples are read from top to bottom in one file, the module's files are named for what they hold
rule "terraform_standard_module_structure" {
  enabled = false
}
