# cmake --install: a tree that may lie anywhere, and be moved.
#
# The program finds its plugin beside itself. Libraries are looked for in lib/ of the tree, then where
# they were at configuration; LibTorch's folder is named relative to the program where it lies in the
# tree, so a copy of its lib/ in lib/, or a virtual environment below the prefix, moves with it.
cmake_path(IS_PREFIX CMAKE_INSTALL_PREFIX ${SURF_TORCH_LIB_DIR} NORMALIZE torch_is_inside)
set(torch_rpath ${SURF_TORCH_LIB_DIR})
if(torch_is_inside)
  file(RELATIVE_PATH torch_from_bin ${CMAKE_INSTALL_PREFIX}/bin ${SURF_TORCH_LIB_DIR})
  set(torch_rpath $ORIGIN/${torch_from_bin})
endif()

set(programs surf_sweep)
if(TARGET surf_cuda)
  list(APPEND programs surf_cuda)
endif()
set_target_properties(${programs} PROPERTIES
  INSTALL_RPATH "$ORIGIN/../lib;${torch_rpath}"
  INSTALL_RPATH_USE_LINK_PATH TRUE) # modules' MPI and HDF5
install(TARGETS ${programs} RUNTIME DESTINATION bin LIBRARY DESTINATION bin)

install(DIRECTORY hdf5_schema jobs slurm analysis docs DESTINATION share/surf_sweep
  USE_SOURCE_PERMISSIONS PATTERN __pycache__ EXCLUDE PATTERN .pytest_cache EXCLUDE)
install(FILES README.md LICENSE CITATION.cff DESTINATION share/surf_sweep)

configure_file(cmake/modulefile.in modulefile @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/modulefile
  DESTINATION share/modulefiles/surf_sweep RENAME ${PROJECT_VERSION})
