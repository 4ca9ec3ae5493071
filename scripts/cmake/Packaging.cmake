# What is installed beside the program, and Debian's package: cpack -G DEB in the build folder. The component "debian" is
# the package's own; cmake --install leaves it out and installs the component "unit" in its place.
include(GNUInstallDirs)
set(packaging ${CMAKE_SOURCE_DIR}/scripts/packaging)
set(SYSTEMD_UNIT_DIR lib/systemd/system CACHE STRING "Where systemd's units are installed, below the prefix")

install(FILES ${packaging}/okta-servicenow-exporter.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT unit)
install(FILES ${CMAKE_BINARY_DIR}/debian/okta-servicenow-exporter.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1
        COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${packaging}/okta-servicenow-exporter.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
        RENAME okta-servicenow-exporter COMPONENT program)
install(FILES ${CMAKE_SOURCE_DIR}/config.example.yml ${CMAKE_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}
        COMPONENT program)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/alerts DESTINATION ${CMAKE_INSTALL_DATADIR}/${PROJECT_NAME} COMPONENT program)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/dashboards DESTINATION ${CMAKE_INSTALL_DATADIR}/${PROJECT_NAME} COMPONENT program
        FILES_MATCHING PATTERN "*.json" PATTERN compose EXCLUDE PATTERN source EXCLUDE)

# Not enabled by the installation: that is for who installs it. Without a package nobody makes an account, so systemd
# makes one for the run.
function(install_units unit_dir component exclude identity)
  set(UNIT_IDENTITY ${identity})
  configure_file(${CMAKE_SOURCE_DIR}/scripts/systemd/okta-servicenow-exporter.service.in
                 ${CMAKE_BINARY_DIR}/${component}/okta-servicenow-exporter.service @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/${component}/okta-servicenow-exporter.service
                ${CMAKE_SOURCE_DIR}/scripts/systemd/okta-servicenow-exporter.socket
          DESTINATION ${unit_dir} COMPONENT ${component} ${exclude})
endfunction()
install_units(${SYSTEMD_UNIT_DIR} unit "" "DynamicUser=yes")

set(CMAKE_INSTALL_FULL_BINDIR /usr/bin)
install_units(/lib/systemd/system debian EXCLUDE_FROM_ALL
              "User=okta-servicenow-exporter\nGroup=okta-servicenow-exporter")
install(FILES ${packaging}/okta-servicenow-exporter.sysusers DESTINATION lib/sysusers.d
        RENAME okta-servicenow-exporter.conf COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${CMAKE_SOURCE_DIR}/config.example.yml DESTINATION /etc/okta-servicenow-exporter RENAME config.yml
        COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${packaging}/okta-servicenow-exporter.default DESTINATION /etc/default RENAME okta-servicenow-exporter
        COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${packaging}/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT debian EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ${PROJECT_NAME})
set(CPACK_PACKAGE_VENDOR "okta-servicenow-exporter authors")
set(CPACK_PACKAGE_CONTACT "okta-servicenow-exporter authors <authors@okta-servicenow-exporter.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_STRIP_FILES ON)
# Files outside of /usr are installed too, so the whole tree is made below a folder of its own.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL program debian)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Counts failed provisioning tasks by operation and reason, counts what\nServiceNow refused by ACL, and compares the external ID of every Okta app\nuser with the ServiceNow record that it should lead to. It only reads.")
set(ENV{LC_ALL} C.UTF-8)
string(TIMESTAMP changed "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH where it is set
file(WRITE ${CMAKE_BINARY_DIR}/debian/changelog.Debian
     "${PROJECT_NAME} (${PROJECT_VERSION}-1) unstable; urgency=medium\n\n"
     "  * ${PROJECT_VERSION}; see changelog.gz in this folder.\n\n -- ${CPACK_PACKAGE_CONTACT}  ${changed}\n")
execute_process(COMMAND gzip --no-name --best --force ${CMAKE_BINARY_DIR}/debian/changelog.Debian COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND gzip --no-name --best --stdout ${CMAKE_SOURCE_DIR}/CHANGELOG.md
                OUTPUT_FILE ${CMAKE_BINARY_DIR}/debian/changelog.gz COMMAND_ERROR_IS_FATAL ANY)
install(FILES ${CMAKE_BINARY_DIR}/debian/changelog.Debian.gz ${CMAKE_BINARY_DIR}/debian/changelog.gz
        DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT debian EXCLUDE_FROM_ALL)
execute_process(COMMAND gzip --no-name --best --stdout ${packaging}/okta-servicenow-exporter.1
                OUTPUT_FILE ${CMAKE_BINARY_DIR}/debian/okta-servicenow-exporter.1.gz COMMAND_ERROR_IS_FATAL ANY)
file(WRITE ${CMAKE_BINARY_DIR}/debian/conffiles
     "/etc/default/okta-servicenow-exporter\n/etc/okta-servicenow-exporter/config.yml\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${packaging}/postinst ${packaging}/prerm ${packaging}/postrm
    ${CMAKE_BINARY_DIR}/debian/conffiles)
include(CPack)
