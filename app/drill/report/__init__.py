"""What a drill leaves for people: report.md, report.html and JUnit, each made from the journal alone."""
