#include "tools/verb.h"

/// consilium-pacs pacs ...: the verb that needs DICOM's network.
int main(int argc, char** argv) { return consilium::tools::cmd_pacs(argc - 1, argv + 1); }
