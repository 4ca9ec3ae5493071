#include "app/run.h"

int main(int argc, char** argv) { return exporter::app::run(argc, argv); }
