// The whole program but main(): flags, configuration, and one of the commands.
#pragma once

namespace exporter::app {

// Exit codes: 0 good, 1 ran and found trouble, 2 wrong usage or configuration.
int run(int argc, const char* const* argv);

}  // namespace exporter::app
